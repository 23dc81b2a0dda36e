import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as browser from '../src/adapters/browser/exports.ts'
import * as node from '../src/adapters/node/exports.ts'
import * as worker from '../src/adapters/worker/exports.ts'
import * as core from '../src/core/exports.ts'
import {
  type Callable,
  close,
  faultOf,
  machine,
  methodsOf,
  outcomeOf,
  person,
  refused,
  sessionSecret,
  show,
  thrownBy,
  useRefusingServer,
} from './kit/misuse.ts'

// every option that a program can give, with values that it cannot have

const entries = { core, node, browser, worker }
type Entry = keyof typeof entries
const login = () => core.createClient({ flow: core.authorizationCode(person), ...core.memoryPlatform() })

useRefusingServer()

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

/** Every factory with options, as the reports of the public API declare it: what it takes before them, and what it needs. */
function declaredFactories(): Map<Callable, readonly [title: string, options: object, ...before: unknown[]]> {
  const found = new Map<Callable, readonly [string, object, ...unknown[]]>()
  const places = { core: 'core', node: 'Node', browser: 'browsers', worker: 'workers' } as const
  for (const entry of Object.keys(places) as Entry[]) {
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
  test('throws only BAD_OPTION when an option has a value that it cannot have', async () => {
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
