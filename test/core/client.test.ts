import { describe, expect, test, vi } from 'vitest'
import { createClient, memoryPlatform, refreshToken, UnavailableError } from '../../src/core/index.ts'
import { client_id, client_secret, clock, emulator, fault, forms, on, signedIn, webFlow } from './emulated-client.ts'
import {
  day,
  everythingIn,
  gate,
  loginScopes,
  publicFlow,
  rejection,
  serverFlow,
  settled,
  storedTokens,
} from './setting.ts'

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
    [
      'a flow with refresh and no code for it',
      { flow: { ...refreshToken({ clientId: 'c', refreshToken: 'r' }), renewal: undefined } },
      'renewal',
    ],
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

  test('of a server have no claims', async () => {
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
    'a refusal is an error event and the result, and the tokens are forgotten',
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
    expect(on.events).toContainEqual(
      expect.objectContaining({ type: 'logout', clientId: emulator.contexts.oauth_public.client_id }),
    )
  })

  test('always signs out here: IMS out of reach is an event (S45, S46)', async () => {
    const client = await signedIn()
    fault({ path: '/ims/revoke', drop: 'before', times: 2 })
    expect((await client.logout()).pathname).toBe('/ims/logout/v1')
    expect(await on.store.keys('')).toEqual([])
    const failure = { type: 'error', code: 'NETWORK_FAILED', during: 'invalidating' }
    expect(on.events).toContainEqual(expect.objectContaining(failure))
    expect(on.events.slice(-2)).toMatchObject([{ type: 'logout' }, { type: 'operation', name: 'signing out' }])
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

test('a silent client has no method that asks a user', () => {
  const client = createClient({ flow: serverFlow(emulator), ...on })
  for (const method of ['login', 'logout', 'startLogin', 'finishLogin']) expect(client).not.toHaveProperty(method)
})
