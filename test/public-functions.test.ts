import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import * as browser from '../src/adapters/browser/exports.ts'
import * as node from '../src/adapters/node/exports.ts'
import * as worker from '../src/adapters/worker/exports.ts'
import * as express from '../src/bindings/express/exports.ts'
import * as hono from '../src/bindings/hono/exports.ts'
import * as next from '../src/bindings/next/exports.ts'
import { isImsError } from '../src/core/errors.ts'
import * as core from '../src/core/exports.ts'
import * as emulator from '../src/emulator/exports.ts'
import * as testing from '../src/testing/exports.ts'

// every function that a program can import, called as nobody should: with nothing, and with what it cannot use

const entries = { core, node, browser, worker, emulator, testing, hono, express, next }
type Entry = keyof typeof entries
type Callable = (...args: unknown[]) => unknown
type Newable = new (...args: unknown[]) => object

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

let home: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'imskit-misuse-'))
  for (const name of ['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME']) vi.stubEnv(name, home)
  vi.spyOn(process, 'cwd').mockReturnValue(home)
  vi.stubGlobal('fetch', async () => new Response('{"error":"refused"}', { status: 400 }))
})
afterAll(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  rmSync(home, { recursive: true, force: true })
})

interface Outcome {
  readonly value?: unknown
  readonly thrown?: unknown
  readonly rejected?: unknown
}

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  let result: unknown
  try {
    result = run()
  } catch (thrown) {
    return { thrown }
  }
  if (!(result instanceof Promise)) return { value: result }
  const hung = new Promise((_, reject) => setTimeout(() => reject(new Error('it hangs')), 10_000).unref())
  return Promise.race([result, hung]).then(
    (value) => ({ value }),
    (rejected: unknown) => ({ rejected }),
  )
}

/** What is wrong with how a misuse ended; `undefined` if it is as it should be. */
function faultOf({ thrown, rejected }: Outcome, { codes, isAsync }: { codes: readonly string[]; isAsync: boolean }) {
  if (isAsync && thrown !== undefined) return `throws instead of rejecting: ${thrown}`
  const error = thrown ?? rejected
  if (error === undefined) return undefined
  if (!isImsError(error)) return `${error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' ') : error}`
  return codes.includes(error.code) ? undefined : `${error.code}: ${error.message}`
}

const show = (args: readonly unknown[]) =>
  args
    .map((value) => (typeof value === 'object' ? JSON.stringify(value) : `${typeof value} ${String(value)}`))
    .join(', ')

const isClass = (value: unknown): value is Newable => /^class\b/.test(Function.prototype.toString.call(value))

async function close(value: unknown): Promise<void> {
  if (typeof value === 'object' && value !== null && 'close' in value) await (value.close as () => unknown)()
}

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

// what is not a fault of the caller: the server that these tests have refuses everything
const refused = ['HTTP_ERROR']
const person = { clientId: 'c', scopes: ['openid'], redirectUri: 'https://app.example/callback' }
const machine = { clientId: 'c', clientSecret: 's', scopes: ['openid'] }
const silent = () => core.createClient({ flow: core.clientCredentials(machine), ...core.memoryPlatform() })
const login = () => core.createClient({ flow: core.authorizationCode(person), ...core.memoryPlatform() })
const sessionSecret = 'a secret of at least thirty-two characters'

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

function methodsOf(value: object): Map<string, Callable> {
  const methods = new Map<string, Callable>()
  for (let level: object | null = value; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    if (level === Function.prototype) break
    for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (typeof method === 'function' && !['constructor', 'close'].includes(name) && !methods.has(name))
        methods.set(name, method.bind(value))
  }
  return methods
}

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

const text = 'text'
const kv = { get: async () => null, put: async () => {}, delete: async () => {}, list: async () => ({}) }
const objects = { idFromName: () => ({}), get: () => ({ fetch: async () => new Response() }) }
const storage = { getItem: text, setItem: text, removeItem: text, getKeys: text }
const functionsOf = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, async () => null]))

/** What a factory takes before its options, by its type. */
const firstArguments: Readonly<Record<string, unknown>> = {
  UnstorageLike: functionsOf(storage),
  RedisLike: { isOpen: true, eval: async () => null },
  KvNamespace: kv,
  DurableNamespace: objects,
  FetchHandler: async () => new Response(),
  Client: { getTokens: async () => ({ expiresAt: Number.MAX_SAFE_INTEGER }), on: () => () => {} },
  'Readonly<Record<string, unknown>>': {
    OAUTH_CLIENT_ID: 'c',
    OAUTH_CLIENT_SECRET: 's',
    OAUTH_SCOPES: 'openid',
    OAUTH_ORG_ID: 'o',
  },
}

/** A valid value of each option that some factory needs. */
const neededOptions: Readonly<Record<string, unknown>> = {
  ...machine,
  ...person,
  code: 'x',
  flow: core.authorizationCode(person),
  metaScopes: ['m'],
  orgId: 'o',
  privateKey: 'k',
  refreshToken: 'r',
  sessionSecret,
  technicalAccountId: 't',
  userToken: 't',
}

/** Functions with options that are not factories, that ignore options of others, or that need a web worker. */
const others = /^(?:create(?:Client|Ims|NodeIms|BrowserIms|WorkerIms)|explainError|signAssertion|(?:open|serve)Vault)$/

const thrownBy = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

/** Every factory with options, as the reports of the public API declare it: what it takes before them, and what it needs. */
function declaredFactories(): Map<Callable, readonly [title: string, options: object, ...before: unknown[]]> {
  const found = new Map<Callable, readonly [string, object, ...unknown[]]>()
  const places = { core: 'core', node: 'Node', browser: 'browsers', worker: 'workers' } as const
  for (const entry of Object.keys(places) as (keyof typeof places)[]) {
    const report = readFileSync(join(import.meta.dirname, `../api/${entry}.txt`), 'utf8')
    const declarations = report.matchAll(/^function (\w+)\((?:\w+: (.+), )?\w+\??: (?:string \| )?\w*Options\)/gm)
    for (const [, name = '', type] of declarations) {
      const call = (entries[entry] as Readonly<Record<string, unknown>>)[name] as Callable
      if (others.test(name) || found.has(call)) continue
      const before = type === undefined ? [] : [firstArguments[type]]
      const taken = [...found.values()].some(([title]) => title === name)
      found.set(call, [taken ? `${name} of ${places[entry]}` : name, optionsOf(entry, call, before), ...before])
    }
  }
  return found
}

/** The names of the options that a factory takes, by its error for another one. */
function optionNamesOf(call: Callable, before: readonly unknown[]): readonly string[] {
  const { message = '' } = (thrownBy(() => call(...before, { nonsense: 1 })) ?? {}) as { message?: string }
  return /it takes (.*)$/.exec(message)?.[1]?.split(', ') ?? []
}

/** The options among {@link neededOptions} that a factory takes. */
function optionsOf(entry: Entry, call: Callable, before: readonly unknown[]): object {
  const taken = new Set(optionNamesOf(call, before))
  if (entry === 'browser') taken.delete('clientSecret')
  return Object.fromEntries(Object.entries(neededOptions).filter(([name]) => taken.has(name)))
}

const factories = [...declaredFactories()].map(([call, [title, ...rest]]) => [title, [call, ...rest]] as const)

test('the reports of the public API declare the factories', () => {
  expect(factories.length).toBeGreaterThanOrEqual(30)
})

const values = [null, 1, -1, Number.NaN, 'x', '', true, {}, [], [1], [null], { x: 1 }, () => {}, Symbol('x'), 1n]

describe.each(factories)('%s', (name, [call, options, ...before]) => {
  test('throws nothing but BAD_OPTION when an option has a value that it cannot have', async () => {
    const faults: string[] = []
    const codes = ['BAD_OPTION', ...(name.endsWith('of browsers') ? ['SECRET_IN_BROWSER'] : [])]
    for (const option of optionNamesOf(call, before))
      for (const value of values) {
        const outcome = await outcomeOf(() => call(...before, { ...options, [option]: value }))
        const fault = faultOf(outcome, { codes, isAsync: false })
        if (fault !== undefined) faults.push(`${name}({ ${option}: ${show([value])} }): ${fault}`)
        await close(outcome.value)
      }
    expect(faults).toEqual([])
  })

  test('accepts its own options, and a platform that was spread into them', () => {
    expect(thrownBy(() => call(...before, options))).toBeUndefined()
    expect(thrownBy(() => call(...before, { ...core.memoryPlatform(), ...options }))).toBeUndefined()
  })

  test('refuses an option that it does not know, and does not show its value', () => {
    const error = thrownBy(() => call(...before, { ...options, nonsense: 'canary-value' }))
    expect(error).toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(/has no option 'nonsense'; it takes /),
    })
    expect(String(error)).not.toContain('canary-value')
  })
})

test.each([
  ['scope', 'scopes', core.clientCredentials, machine],
  ['client_id', 'clientId', core.clientCredentials, machine],
  ['ClientID', 'clientId', core.authorizationCode, person],
  ['redirect-uris', 'redirectUri', core.authorizationCode, person],
  ['redirectUrl', 'redirectUri', core.authorizationCode, person],
  ['meta_scope', 'metaScopes', core.jwtBearer, {}],
  ['basepath', 'basePath', worker.createAuthHandler, {}],
  ['allow_list', 'allowList', worker.requireToken, {}],
  ['popup_timeout', 'popupTimeout', browser.browserPlatform, {}],
])('suggests for %s the option %s', (wrong, right, factory, options) => {
  const error = thrownBy(() => (factory as Callable)({ ...options, [wrong]: 'x' }))
  expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(`did you mean '${right}'?`) })
})

const forToken = ['minValidity', 'signal', 'force']
const forLogin = ['prompt', 'loginHint', 'locale', 'parameters', 'mode', 'signal', 'appState', 'returnTo', 'context']
/** The options of methods of a client that can sign users in: the names, and what the method takes before them. */
const methodOptions: Readonly<Record<string, readonly [names: readonly string[], ...before: unknown[]]>> = {
  getToken: [[...forToken, ...forLogin, 'interaction']],
  getTokens: [forToken],
  authHeaders: [forToken],
  getCachedToken: [['minValidity']],
  invalidate: [['signal']],
  fetch: [['method', 'headers', 'body', 'signal', 'redirect'], 'https://api.example.com/'],
  login: [forLogin],
  startLogin: [[...forLogin, 'redirectUri']],
  finishLogin: [['signal'], 'https://app.example/callback?code=x&state=y'],
  logout: [['postLogoutRedirectUri', 'signal']],
}

test.each(Object.entries(methodOptions))(
  '%s of a client throws nothing raw when an option has a value that it cannot have',
  async (method, [names, ...before]) => {
    const faults: string[] = []
    const codes = ['BAD_OPTION', ...refused, 'LOGIN_REQUIRED', 'LOGIN_NOT_POSSIBLE', 'STATE_MISMATCH']
    for (const name of names)
      for (const value of values) {
        const client = login()
        const call = methodsOf(client).get(method) as Callable
        const outcome = await outcomeOf(() => call(...before, { [name]: value }))
        const fault = faultOf(outcome, { codes, isAsync: true })
        if (fault !== undefined) faults.push(`${method}({ ${name}: ${show([value])} }): ${fault}`)
        client.close()
      }
    expect(faults).toEqual([])
  },
)

/** What a platform provides, and what connects a client, besides the flow. */
const clientOptions = [
  ...['store', 'lock', 'redirect', 'pending', 'arrival', 'changes', 'clock', 'fetch', 'readKey', 'sharing'],
  ...['allowsSecrets', 'defaults', 'observe', 'report', 'waitUntil', 'onEvent', 'minValidity', 'allowedOrigins'],
  ...['env', 'endpoint', 'issuers', 'timeout', 'retry', 'owner', 'flow'],
]
const clientCalls = [
  ...['getToken', 'getCachedToken', 'invalidate', 'forget', 'login', 'startLogin', 'handleRedirect', 'logout'],
] as const

test.each(clientOptions)('a client whose %s cannot be one throws nothing raw', async (option) => {
  const faults: string[] = []
  const codes = ['BAD_OPTION', ...refused, 'LOGIN_REQUIRED', 'LOGIN_NOT_POSSIBLE', 'STORE_FAILED', 'NETWORK_FAILED']
  const flow = core.authorizationCode(person)
  for (const value of values) {
    const options = { flow, ...core.memoryPlatform(), timeout: 1000, [option]: value }
    const made = await outcomeOf(() => core.createClient(options))
    for (const call of made.value === undefined ? [] : clientCalls) {
      const method = methodsOf(made.value as object).get(call) as Callable
      const fault = faultOf(await outcomeOf(() => method()), { codes, isAsync: true })
      if (fault !== undefined) faults.push(`${option}: ${show([value])}: ${call}: ${fault}`)
    }
    const fault = faultOf(made, { codes: ['BAD_OPTION', 'SECRET_IN_BROWSER'], isAsync: false })
    if (fault !== undefined) faults.push(`${option}: ${show([value])}: ${fault}`)
    await close(made.value)
  }
  expect(faults).toEqual([])
})

test.each([undefined, null, '', 5, {}])('a client whose owner is %j does not share the tokens of all', (owner) => {
  const flow = core.authorizationCode(person)
  expect(() => core.createClient({ flow, ...core.memoryPlatform(), owner } as never)).toThrow(
    expect.objectContaining({
      code: 'BAD_OPTION',
      message: expect.stringContaining('owner must be a non-empty string'),
    }),
  )
})

test('clients and named contexts ignore options of others, which are spread into them', async () => {
  const extra = { ...core.memoryPlatform(), somethingElse: 1 }
  core.createClient({ flow: core.clientCredentials(machine), ...extra }).close()
  expect(() => core.createIms(extra)).not.toThrow()
  expect(() => node.createNodeIms(extra)).not.toThrow()
  expect(() => browser.createBrowserIms(extra)).not.toThrow()
  expect(() => worker.createWorkerIms(extra)).not.toThrow()
})

test('verifyToken refuses an option that it does not know: what was meant to be checked would not be', async () => {
  const verifying = new core.Ims('prod').verifyToken('a.b.c', { scope: ['openid'] } as never)
  await expect(verifying).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining("'scopes'") })
})
