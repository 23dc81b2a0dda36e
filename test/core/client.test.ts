import { inspect } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  createClient,
  isImsError,
  type LoginClient,
  memoryPlatform,
  UnavailableError,
} from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import {
  autoRedirect,
  day,
  everythingIn,
  follow,
  gate,
  loginScopes,
  platformOn,
  publicFlow,
  redirectUri,
  rejection,
  serverFlow,
  settled,
  storedTokens,
  type WatchedPlatform,
} from './setting.ts'

let emulator: Emulator
let clock: FakeClock
let on: WatchedPlatform
let cleanUp: (() => void)[] = []

beforeAll(async () => {
  emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com' })
})
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
})
afterEach(() => {
  for (const each of cleanUp) each()
  cleanUp = []
})

const fault = (options: Parameters<Emulator['fault']>[0]) => void cleanUp.push(emulator.fault(options))
const { client_id, client_secret } = { client_id: 'emulator-web-app', client_secret: 'emulator-web-app-secret' }
const webFlow = () =>
  authorizationCode({ clientId: client_id, clientSecret: client_secret, scopes: loginScopes, redirectUri })

async function signedIn(flow = publicFlow(emulator)): Promise<LoginClient> {
  const client = createClient({ flow, ...on, redirect: autoRedirect(emulator) })
  await client.login()
  on.fetch.sent.length = 0
  on.events.length = 0
  return client
}
const forms = () => on.fetch.sent.map(({ init }) => Object.fromEntries(new URLSearchParams(String(init.body))))

describe('createClient', () => {
  test('does nothing: no store, lock, request or timer before it is asked', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout')
    const never = () => {
      throw new Error('touched')
    }
    const store = { get: never, set: never, delete: never, keys: never }
    createClient({ flow: serverFlow(emulator), store, lock: never, fetch: never, redirect: { prepare: never } })
    expect(timer).not.toHaveBeenCalled()
    timer.mockRestore()
  })

  test('is usable with what is stored in any state, also to sign out', async () => {
    const client = await signedIn()
    const [key = ''] = await on.store.keys('')
    await on.store.set(key, { accessToken: 7, refreshToken: [] } as never)
    const other = createClient({ flow: publicFlow(emulator), ...on })
    expect(await rejection(other.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    await other.logout()
    expect(await on.store.keys('')).toEqual([])
    client.close()
  })

  const wrong: [string, object, string][] = [
    ['no flow', { flow: undefined }, 'flow'],
    ['a flow that is none', { flow: { kind: 'x' } }, 'flow'],
    ['no store', { store: undefined }, 'platform'],
    ['no lock', { lock: undefined }, 'platform'],
    ['an unknown env', { endpoint: undefined, env: 'dev' }, 'env'],
    ['an env of Object.prototype', { endpoint: undefined, env: 'toString' }, 'env'],
    ['an endpoint without TLS', { endpoint: 'http://ims.example' }, 'https'],
    ['an endpoint that looks like loopback', { endpoint: 'http://127.0.0.1.evil.test' }, 'https'],
    ['an endpoint that is no URL', { endpoint: 'ims' }, 'endpoint'],
    ['an endpoint with credentials', { endpoint: 'https://user:pw@ims.test' }, 'endpoint'],
    ['a minValidity below 0', { minValidity: -1 }, 'minValidity'],
    ['a minValidity that is text', { minValidity: '5' }, 'minValidity'],
    ['a timeout of 0', { timeout: 0 }, 'timeout'],
    ['an origin that is none', { allowedOrigins: ['adobe.io'] }, 'allowedOrigins'],
    ['an origin with a wildcard in the middle', { allowedOrigins: ['https://a.*.adobe.io'] }, 'allowedOrigins'],
    ['any origin', { allowedOrigins: ['*'] }, 'allowedOrigins'],
    ['an origin without a host', { allowedOrigins: ['data:text/plain,x'] }, 'allowedOrigins'],
  ]
  test.each(wrong)('%s: BAD_OPTION that names it', (_, more, name) => {
    const make = () => createClient({ flow: serverFlow(emulator), ...on, ...more } as never)
    expect(make).toThrow(expect.objectContaining({ name: 'ConfigurationError', code: 'BAD_OPTION' }))
    expect(make).toThrow(expect.objectContaining({ message: expect.stringContaining(name) }))
  })

  test('http is accepted on loopback, and env names the endpoints of IMS', async () => {
    const urls: string[] = []
    const fetch = async (url: string) => {
      urls.push(new URL(url).origin)
      return Response.json({ access_token: 'opaque', token_type: 'bearer', expires_in: 86_400 })
    }
    for (const where of [{ endpoint: 'http://127.0.0.1:9' }, { endpoint: 'http://[::1]:9/' }, { env: 'stage' }, {}]) {
      await createClient({ flow: serverFlow(emulator), ...memoryPlatform(), fetch, ...where }).getToken()
    }
    expect(urls).toEqual([
      'http://127.0.0.1:9',
      'http://[::1]:9',
      'https://ims-na1-stg1.adobelogin.com',
      'https://ims-na1.adobelogin.com',
    ])
  })

  test('environments share no token in one store (S99)', async () => {
    let issued = 0
    const fetch = async () => Response.json({ access_token: `t${++issued}`, token_type: 'bearer', expires_in: 86_400 })
    const { store, lock } = on
    const of = (env: string) => createClient({ flow: serverFlow(emulator), store, lock, fetch, env }).getToken()
    expect([await of('prod'), await of('stage'), await of('prod')]).toEqual(['t1', 't2', 't1'])
  })
})

describe('getTokens', () => {
  test('has the access token, its expiry, the granted scopes and the claims of the id token', async () => {
    const client = await signedIn()
    expect(await client.getTokens()).toEqual({
      accessToken: await client.getToken(),
      expiresAt: expect.any(Number),
      scopes: loginScopes,
      missingScopes: [],
      claims: expect.objectContaining({ iss: emulator.url, aud: emulator.contexts.oauth_public.client_id }),
    })
  })

  test('keeps the claims over a restart and a refresh', async () => {
    const { claims } = await (await signedIn()).getTokens()
    const other = createClient({ flow: publicFlow(emulator), ...on })
    expect((await other.getTokens()).claims).toEqual(claims)
    clock.set(clock.now() + day)
    expect((await other.getTokens()).claims).toEqual(claims)
  })

  test('of a server knows no claims', async () => {
    const { claims, scopes, missingScopes } = await createClient({ flow: serverFlow(emulator), ...on }).getTokens()
    expect([claims, scopes, missingScopes]).toEqual([undefined, ['openid', 'AdobeID', 'read_organizations'], []])
  })
})

describe('invalidate', () => {
  test('tells IMS, the refresh token first, and forgets (S47)', async () => {
    const client = await signedIn(webFlow())
    const { accessToken, refreshToken } = (await storedTokens(on.store)) ?? {}
    await client.invalidate()
    const common = { client_id, client_secret }
    expect(forms()).toEqual([
      { token_type: 'refresh_token', token: refreshToken, cascading: 'all', ...common },
      { token_type: 'access_token', token: accessToken, ...common },
    ])
    expect(await on.store.keys('')).toEqual([])
    const url = `${emulator.url}/ims/validate_token/v1?type=access_token&client_id=${client_id}&token=${accessToken}`
    expect(await (await emulator.fetch(url)).json()).toMatchObject({ valid: false })
  })

  test('of a public client names no secret; an expired access token is left alone', async () => {
    const client = await signedIn()
    clock.set(clock.now() + day)
    await client.invalidate()
    expect(on.fetch.sent.map(({ url }) => new URL(url).pathname)).toEqual(['/ims/revoke'])
    expect(forms().map(({ token_type_hint, client_secret: secret }) => [token_type_hint, secret])).toEqual([
      ['refresh_token', undefined],
    ])
  })

  test('forgets whatever IMS says, then says what IMS said; one refusal does not spare the other token (S45)', async () => {
    const client = await signedIn()
    fault({ path: '/ims/revoke', status: 503, times: 2 })
    expect(await rejection(client.invalidate())).toMatchObject({ code: 'IMS_UNAVAILABLE' })
    expect(forms().map(({ token_type_hint }) => token_type_hint)).toEqual(['refresh_token', 'access_token'])
    expect(await on.store.keys('')).toEqual([])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test.each([undefined, webFlow])(
    'a refusal is an error event and the result, and the tokens are gone',
    async (flow) => {
      const client = await signedIn(flow?.())
      const body = { error: 'unsupported_token_type', error_description: 'not this one' }
      for (const path of ['/ims/revoke', '/ims/invalidate_token']) fault({ path, status: 400, body, times: 4 })
      const refused = await rejection(client.invalidate())
      expect(refused).toMatchObject({
        code: 'HTTP_ERROR',
        imsError: 'unsupported_token_type',
        imsErrorDescription: 'not this one',
      })
      expect(on.events).toContainEqual(
        expect.objectContaining({ type: 'error', code: 'HTTP_ERROR', during: 'invalidating' }),
      )
      expect(await on.store.keys('')).toEqual([])
      expect(forms()).toHaveLength(4)
    },
  )

  test('a token that IMS does not know any more has been invalidated', async () => {
    const [one, two] = [await signedIn(), createClient({ flow: publicFlow(emulator), ...on })]
    const entries = await everythingIn(on.store)
    await one.invalidate()
    for (const [key, value] of Object.entries(entries)) await on.store.set(key, value as never)
    fault({ path: '/ims/revoke', status: 400, body: { error: 'invalid_token' }, times: 2 })
    await two.invalidate()
    expect(await on.store.keys('')).toEqual([])
  })

  test('ends what another client has renewed meanwhile', async () => {
    const [one, two] = [await signedIn(), createClient({ flow: publicFlow(emulator), ...on })]
    await two.getToken({ force: true })
    const { refreshToken } = (await storedTokens(on.store)) ?? {}
    on.fetch.sent.length = 0
    await one.invalidate()
    expect(forms()[0]?.token).toBe(refreshToken)
  })

  test('still tells IMS where the store fails, then says that it failed', async () => {
    const client = await signedIn()
    on.store.before = (operation) => {
      if (operation === 'delete') throw new UnavailableError('STORE_FAILED', 'read-only')
    }
    expect(await rejection(client.invalidate())).toMatchObject({ code: 'STORE_FAILED' })
    expect(forms()).toHaveLength(2)
  })

  test('without tokens does nothing; aborted it throws the caller’s reason', async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on })
    await client.invalidate()
    expect(on.fetch.sent).toHaveLength(0)
    const held = await signedIn()
    expect(await rejection(held.invalidate({ signal: AbortSignal.abort('mine') }))).toBe('mine')
    expect(await storedTokens(on.store)).toBeDefined()
    const leaving = new AbortController()
    on.fetch.before = () => leaving.abort('mine')
    expect(await rejection(held.invalidate({ signal: leaving.signal }))).toBe('mine')
    expect(await on.store.keys('')).toEqual([])
  })
})

describe('logout', () => {
  test('invalidates, forgets, tells, and names the page that ends the session at IMS', async () => {
    const client = await signedIn()
    const url = await client.logout({ postLogoutRedirectUri: 'https://app.test/bye' })
    expect(url.origin + url.pathname).toBe(`${emulator.url}/ims/logout/v1`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: emulator.contexts.oauth_public.client_id,
      redirect_uri: 'https://app.test/bye',
    })
    expect(forms()).toHaveLength(2)
    expect(await on.store.keys('')).toEqual([])
    expect(on.events).toContainEqual({ type: 'logout', clientId: emulator.contexts.oauth_public.client_id })
  })

  test('always signs out here: IMS out of reach is an event (S45, S46)', async () => {
    const client = await signedIn()
    fault({ path: '/ims/revoke', drop: 'before', times: 2 })
    expect((await client.logout()).pathname).toBe('/ims/logout/v1')
    expect(await on.store.keys('')).toEqual([])
    const failure = { type: 'error', code: 'NETWORK_FAILED', during: 'invalidating' }
    expect(on.events).toContainEqual(expect.objectContaining(failure))
    expect(on.events.at(-1)).toMatchObject({ type: 'logout' })
  })

  test('but says so where the store cannot forget', async () => {
    const client = await signedIn()
    on.store.before = (operation) => {
      if (operation === 'delete') throw new UnavailableError('STORE_FAILED', 'read-only')
    }
    expect(await rejection(client.logout())).toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('timeouts', () => {
  test('an attempt that hangs ends with TIMEOUT after the client’s timeout, thirty seconds by default (S50)', async () => {
    for (const [more, after] of [
      [{}, 30_000],
      [{ timeout: 2_000 }, 2_000],
    ] as const) {
      on.fetch.before = () => gate().opened
      const client = createClient({ flow: serverFlow(emulator), ...on, ...more })
      const ended = vi.fn()
      const waiting = rejection(client.getToken())
      waiting.then(ended)
      await settled()
      await clock.advance(after - 1)
      expect(ended).not.toHaveBeenCalled()
      await clock.advance(1)
      expect(await waiting).toMatchObject({ name: 'UnavailableError', code: 'TIMEOUT' })
      expect(clock.sleeping).toBe(0)
    }
  })
})

describe('no secret shows', () => {
  // whatever was secret in any request or answer of the run
  const canaries = new Set<string>()
  const names = [
    'client_secret',
    'code',
    'code_verifier',
    'access_token',
    'refresh_token',
    'id_token',
    'token',
    'jwt_token',
  ]
  const collect = (entries: Iterable<[string, unknown]>) => {
    for (const [name, value] of entries) if (names.includes(name) && typeof value === 'string') canaries.add(value)
  }
  const collecting = async (url: string, init: RequestInit) => {
    collect(new URLSearchParams(String(init.body)))
    const response = await on.fetch(url, init)
    const text = await response.clone().text()
    if (text.startsWith('{')) collect(Object.entries(JSON.parse(text)))
    return response
  }
  const expectClean = (...values: unknown[]) => {
    expect(canaries.size).toBeGreaterThan(0)
    for (const value of values) {
      const shown = [
        inspect(value, { showHidden: true, depth: 10, getters: true }),
        String(value),
        value instanceof Error ? `${value.stack} ${JSON.stringify({ ...value })}` : '',
      ].join('\n')
      for (const canary of canaries) expect(shown).not.toContain(canary)
    }
  }
  beforeEach(() => canaries.clear())

  test('in clients, token sets, finished logins and events (S92)', async () => {
    const client = createClient({ flow: webFlow(), ...on, fetch: collecting })
    const callback = await follow(emulator, await client.startLogin())
    const finished = await client.finishLogin(callback)
    const set = await client.getTokens()
    await client.getToken({ force: true })
    await client.invalidate()
    expectClean(client, finished, set, on.events, { nested: [client, set] })
    for (const canary of canaries) expect(JSON.stringify([client, on.events])).not.toContain(canary)
    expect(canaries.size).toBeGreaterThanOrEqual(7)
    // shown as redacted, and still there for who wants it
    expect(inspect(set)).toContain('[redacted]')
    expect(set.accessToken).toMatch(/^eyJ/)
    expect(inspect(client)).toContain(client_id)
  })

  const echoes = (init: RequestInit) => {
    const said = [...new URLSearchParams(String(init.body)).values()].join(' ')
    return { error: 'invalid_grant', error_description: `I got ${said}` }
  }
  const failures: [string, (url: string, init: RequestInit) => Promise<Response>][] = [
    ['IMS echoes what was sent', async (_, init) => Response.json(echoes(init), { status: 400 })],
    ['IMS echoes it as plain text', async (_, init) => new Response(String(init.body), { status: 400 })],
    ['IMS echoes it with a 500', async (_, init) => Response.json(echoes(init), { status: 500 })],
    ['the answer is no token response', async (_, init) => Response.json({ ...echoes(init), refresh_token: 'x' })],
    [
      'fetch fails with the request in its error',
      async (url, init) => {
        throw Object.assign(new TypeError(`failed: ${init.body}`, { cause: new Error(String(init.body)) }), {
          url,
          init,
        })
      },
    ],
  ]
  test.each(failures)('in errors and events when %s (S92)', async (_, fetch) => {
    const failing = (url: string, init: RequestInit) => {
      collect(new URLSearchParams(String(init.body)))
      return fetch(url, init)
    }
    const login = createClient({ flow: webFlow(), ...on, fetch: failing })
    const server = createClient({
      flow: clientCredentials({ clientId: 'c', clientSecret: 'canary-secret-one', scopes: [] }),
      ...on,
      fetch: failing,
    })
    const errors = [
      await rejection(login.finishLogin(await follow(emulator, await login.startLogin()))),
      await rejection(server.getToken()),
    ]
    expect(errors.every(isImsError)).toBe(true)
    expectClean(...errors, on.events)
    expect(canaries).toContain('canary-secret-one')
  })

  test('in the store: tokens are there, secrets and verifiers are not (S48)', async () => {
    const client = createClient({ flow: webFlow(), ...on })
    await client.finishLogin(await follow(emulator, await client.startLogin()))
    await createClient({ flow: serverFlow(emulator), ...on }).getToken()
    const stored = JSON.stringify(await everythingIn(on.store))
    for (const secret of [client_secret, ...emulator.contexts.oauth_server_to_server.client_secrets, 'codeVerifier'])
      expect(stored).not.toContain(secret)
  })
})

test('an error is recognised across realms and copies of the module', async () => {
  vi.resetModules()
  const copy = await import('../../src/core/errors.ts')
  const error = new copy.UnavailableError('TIMEOUT', 'late')
  expect([error instanceof UnavailableError, isImsError(error)]).toEqual([false, true])
  for (const other of [new Error('x'), { code: 'TIMEOUT' }, new DOMException('x', 'AbortError'), null, 'TIMEOUT'])
    expect(isImsError(other)).toBe(false)
})

test('a silent client has no way to ask a person', () => {
  const client = createClient({ flow: serverFlow(emulator), ...on })
  for (const method of ['login', 'logout', 'startLogin', 'finishLogin']) expect(client).not.toHaveProperty(method)
})
