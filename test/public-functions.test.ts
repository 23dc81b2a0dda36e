import { describe, expect, test } from 'vitest'
import * as browser from '../src/adapters/browser/exports.ts'
import * as node from '../src/adapters/node/exports.ts'
import * as worker from '../src/adapters/worker/exports.ts'
import * as express from '../src/bindings/express/exports.ts'
import * as hono from '../src/bindings/hono/exports.ts'
import * as next from '../src/bindings/next/exports.ts'
import * as core from '../src/core/exports.ts'
import * as emulator from '../src/emulator/exports.ts'
import * as testing from '../src/testing/exports.ts'
import {
  type Callable,
  close,
  faultOf,
  isClass,
  machine,
  methodsOf,
  outcomeOf,
  person,
  refused,
  sessionSecret,
  show,
  useRefusingServer,
} from './kit/misuse.ts'

// every function that a program can import, called as no program should: with nothing, and with what it cannot use

const entries = { core, node, browser, worker, emulator, testing, hono, express, next }
type Entry = keyof typeof entries

type ExportsOf<Name extends Entry> = (typeof entries)[Name]
/** Names of the exports of an entry that return a promise, as TypeScript knows them. */
type Asynchronous<Exports> = {
  [Name in keyof Exports]: Exports[Name] extends (...args: never[]) => Promise<unknown> ? Name : never
}[keyof Exports]
const asynchronous = {
  core: { noLock: 1, preload: 1, getToken: 1, invalidateToken: 1, signAssertion: 1 },
  node: { noLock: 1, preload: 1, getToken: 1, invalidateToken: 1, signAssertion: 1, readKey: 1 },
  browser: {
    noLock: 1,
    preload: 1,
    getToken: 1,
    invalidateToken: 1,
    login: 1,
    handleRedirect: 1,
    logout: 1,
    relayCallback: 1,
    idTokenSignature: 1,
  },
  worker: { noLock: 1, preload: 1, getToken: 1, invalidateToken: 1, signAssertion: 1 },
  next: {},
  emulator: { createEmulator: 1, startEmulator: 1 },
  testing: {},
  hono: {},
  express: {},
} satisfies { [Name in Entry]: Record<Asynchronous<ExportsOf<Name>>, 1> }

/** Codes besides BAD_OPTION that the misuse of a function may have: those that `@adobe/aio-lib-ims` has for it. */
const ownCodes: Readonly<Record<string, readonly string[]>> = {
  getToken: ['CONTEXT_NOT_CONFIGURED'],
  invalidateToken: ['CONTEXT_NOT_CONFIGURED'],
  client: ['CONTEXT_NOT_CONFIGURED'],
  login: ['CONTEXT_NOT_CONFIGURED'],
  logout: ['CONTEXT_NOT_CONFIGURED'],
  set: ['MISSING_CONTEXT_LABEL', 'INVALID_CONTEXT_DATA'],
  setCurrent: ['MISSING_CONTEXT_LABEL'],
  getTokenData: ['BAD_TOKEN'],
  credentialFromVariables: ['MISSING_ENVIRONMENT_VARIABLE'],
  fromToken: ['BAD_TOKEN', 'CANNOT_RESOLVE_ENVIRONMENT'],
  getAccessToken: ['BAD_TOKEN', 'UNKNOWN_AUTHCODE_TYPE'],
  toTokenResult: ['BAD_TOKEN'],
  verifyToken: ['TOKEN_INVALID'],
  readKey: ['INVALID_KEY_FILE'],
  get: ['BAD_TOKEN'],
  post: ['BAD_TOKEN'],
  getProfile: ['BAD_TOKEN'],
  getUserInfo: ['BAD_TOKEN'],
  getOrganizations: ['BAD_TOKEN'],
  getProductContexts: ['BAD_TOKEN'],
  setCli: ['INVALID_CONTEXT_DATA'],
}

const misuses: readonly (readonly unknown[])[] = [
  [],
  ...[undefined, null, 1, 'x', '', {}, [], true, () => {}, Symbol('x'), 1n, new Date(0)].map((value) => [value]),
  [null, null, null, null, null],
  [1, 1, 1, 1, 1],
  ['x', null],
  ['x', 1],
  ['x', 'x', 'x', 'x', 'x'],
  [{}, null],
  [{}, 1],
  [{}, {}],
]

useRefusingServer()

async function faultsOf(name: string, call: Callable, isAsync: boolean, codes: readonly string[]): Promise<string[]> {
  const faults: string[] = []
  for (const args of misuses) {
    const outcome = await outcomeOf(() => call(...args))
    const fault = faultOf(outcome, { codes: ['BAD_OPTION', ...codes], isAsync })
    if (fault !== undefined) faults.push(`${name}(${show(args)}): ${fault}`)
    await close(outcome.value)
  }
  return faults
}

describe.each(Object.keys(entries) as Entry[])('imskit/%s', (entry) => {
  test('has no export that throws anything but our own errors when it is misused', { timeout: 120_000 }, async () => {
    const faults: string[] = []
    for (const [name, value] of Object.entries(entries[entry])) {
      if (typeof value !== 'function') continue
      const call: Callable = isClass(value) ? (...args) => new value(...args) : (value as Callable)
      faults.push(...(await faultsOf(name, call, name in asynchronous[entry], ownCodes[name] ?? [])))
    }
    expect(faults).toEqual([])
  })
})

const silent = () => core.createClient({ flow: core.clientCredentials(machine), ...core.memoryPlatform() })
const login = () => core.createClient({ flow: core.authorizationCode(person), ...core.memoryPlatform() })

/** Everything with methods that a program gets from us, with the codes that its methods may have besides. */
const instances: Readonly<Record<string, readonly [() => object | Promise<object>, ...codes: string[]]>> = {
  'Ims of core': [() => new core.Ims('prod'), ...refused],
  'Ims of Node': [() => new node.Ims('prod'), ...refused],
  'Ims of workers': [() => new worker.Ims('prod'), ...refused],
  ValidationCache: [() => new core.ValidationCache(1000, 10, 10)],
  'ValidationCache of Node': [() => new node.ValidationCache(1000, 10, 10)],
  'ValidationCache of workers': [() => new worker.ValidationCache(1000, 10, 10)],
  Client: [silent, ...refused],
  LoginClient: [login, ...refused, 'LOGIN_REQUIRED', 'LOGIN_NOT_POSSIBLE', 'STATE_MISMATCH'],
  createIms: [() => core.createIms(core.memoryPlatform())],
  'context of core': [() => core.context],
  'context of Node': [() => node.context],
  'context of browsers': [() => browser.context],
  'context of workers': [() => worker.context],
  createNodeIms: [() => node.createNodeIms()],
  createBrowserIms: [() => browser.createBrowserIms(), 'LOGIN_NOT_POSSIBLE'],
  createWorkerIms: [() => worker.createWorkerIms()],
  aioConfig: [() => node.aioConfig()],
  requireToken: [() => ({ guard: worker.requireToken({ clientId: 'c' }) })],
  'methods of requireToken': [() => worker.requireToken({ clientId: 'c' })],
  createAuthHandler: [
    () => ({ handle: worker.createAuthHandler({ flow: core.authorizationCode(person), sessionSecret }) }),
  ],
  'methods of createAuthHandler': [
    () => worker.createAuthHandler({ flow: core.authorizationCode(person), sessionSecret }),
  ],
  createEmulator: [() => emulator.createEmulator()],
}

/** Methods that throw at once; all others return a promise. */
const synchronous = new Set([
  'getApiUrl',
  'getSusiUrl',
  'getLogoutUrl',
  'getAvatarUrl',
  'peek',
  'on',
  'close',
  'reload',
  'handles',
  'metadata',
  'fault',
  'setTime',
])

describe.each(Object.entries(instances))('%s', (name, [make, ...codes]) => {
  test('has no method that fails with anything but our own errors when it is misused', {
    timeout: 120_000,
  }, async () => {
    const faults: string[] = []
    const value = await make()
    const methods = methodsOf(value)
    expect(methods.size).toBeGreaterThan(0)
    for (const [method, call] of methods)
      faults.push(
        ...(await faultsOf(`${name}.${method}`, call, !synchronous.has(method), [
          ...codes,
          ...(ownCodes[method] ?? []),
        ])),
      )
    await close(value)
    expect(faults).toEqual([])
  })
})
