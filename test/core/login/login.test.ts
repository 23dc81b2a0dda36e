import fc from 'fast-check'
import { base64url, decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  authorizationCode,
  createClient,
  type Fetch,
  type LoginClient,
  memoryStore,
  type Redirect,
  UnavailableError,
} from '../../../src/core/index.ts'
import type { Arrival } from '../../../src/core/ports.ts'
import { createEmulator, type Emulator, startEmulator } from '../../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../../src/testing/index.ts'
import { createPerson } from '../../emulator/person.ts'
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
  settled,
  storedTokens,
  type WatchedPlatform,
  watched,
} from '../setting.ts'

let emulator: Emulator
let clock: FakeClock
let on: WatchedPlatform
let cleanUp: (() => void)[] = []
let otherKey: CryptoKey

beforeAll(async () => {
  emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com' })
  otherKey = (await generateKeyPair('RS256')).privateKey
})
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
})
afterEach(() => {
  for (const each of cleanUp) each()
  cleanUp = []
  vi.restoreAllMocks()
})

const loginClient = (more: object = {}) => createClient({ flow: publicFlow(emulator), ...on, ...more })
const fault = (options: Parameters<Emulator['fault']>[0]) => void cleanUp.push(emulator.fault(options))
const pendingEntries = () => on.store.keys('imskit/pending/')
const begun = async (client: LoginClient) => follow(emulator, await client.startLogin())
const edited = (url: URL, edit: (parameters: URLSearchParams, url: URL) => void) => {
  const copy = new URL(url)
  edit(copy.searchParams, copy)
  return copy
}
const body = (index: number) => new URLSearchParams(String(on.fetch.sent[index]?.init.body))

describe('in one piece', () => {
  test('a person signs in on the emulator’s own pages', async () => {
    const running = await startEmulator()
    const person = createPerson(running)
    const ended = vi.fn()
    const redirect: Redirect = {
      prepare: async () => ({
        redirectUri,
        close: ended,
        async navigate(url) {
          const form = await person.visit(url)
          const next = await person.press(form, 'sign-in', { email: 'user@example.com', password: 'any' })
          return (await person.press(next, 'allow')).url
        },
      }),
    }
    const store = memoryStore()
    const client = createClient({
      flow: publicFlow(running),
      ...on,
      fetch,
      clock: undefined,
      store,
      redirect,
      endpoint: running.url,
    } as never) as LoginClient
    const token = await client.login()
    expect(await client.getToken()).toBe(token)
    expect((await storedTokens(store))?.accessToken).toBe(token)
    expect(ended).toHaveBeenCalledTimes(1)
    await running.close()
  })

  test('stores the tokens, leaves no pending login, and tells', async () => {
    const redirect = autoRedirect(emulator)
    const client = loginClient({ redirect })
    const token = await client.login()
    expect(await storedTokens(on.store)).toMatchObject({ accessToken: token, refreshToken: expect.any(String) })
    expect(await pendingEntries()).toEqual([])
    expect(on.events.filter(({ type }) => type === 'login')).toHaveLength(1)
    expect([redirect.begun, redirect.ended]).toEqual([1, 1])
    const { claims, scopes, missingScopes } = await client.getTokens()
    expect(claims).toMatchObject({ aud: emulator.contexts.oauth_public.client_id, iss: emulator.url })
    expect([scopes, missingScopes]).toEqual([loginScopes, []])
  })

  test('where nobody can be sent anywhere: LOGIN_NOT_POSSIBLE', async () => {
    expect(await rejection(loginClient().login())).toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
  })

  const failing = (navigate: (url: URL) => Promise<URL>) => {
    const redirect = {
      ended: 0,
      prepare: async () => ({ redirectUri, navigate, close: () => void redirect.ended++ }),
    }
    return redirect
  }

  test('closes its trip and forgets the pending login, however it fails', async () => {
    const failure = new UnavailableError('TIMEOUT', 'nobody came back')
    const redirect = failing(() => Promise.reject(failure))
    expect(await rejection(loginClient({ redirect }).login())).toBe(failure)
    expect(redirect.ended).toBe(1)
    expect(await on.store.keys('')).toEqual([])
  })

  test('a callback of another login does not complete it', async () => {
    const other = await begun(loginClient())
    const redirect = failing(async () => other)
    expect(await rejection(loginClient({ redirect }).login())).toMatchObject({ code: 'STATE_MISMATCH' })
    expect(on.fetch.sent).toHaveLength(0)
    expect(await loginClient().finishLogin(other)).toMatchObject({ accessToken: expect.any(String) })
  })

  test('aborted before, it sends nobody anywhere; the reason comes back untouched', async () => {
    const redirect = autoRedirect(emulator)
    const signal = AbortSignal.abort('mine')
    expect(await rejection(loginClient({ redirect }).login({ signal }))).toBe('mine')
    expect(redirect.begun).toBe(0)
  })

  test('aborted at the token request, it stores nothing', async () => {
    const leaving = new AbortController()
    on.fetch.before = () => leaving.abort('mine')
    const client = loginClient({ redirect: autoRedirect(emulator) })
    expect(await rejection(client.login({ signal: leaving.signal }))).toBe('mine')
    expect(await on.store.keys('')).toEqual([])
  })

  test('close ends it', async () => {
    let seen: AbortSignal | undefined
    const prepare: Redirect['prepare'] = async ({ signal } = {}) => {
      seen = signal
      const navigate = () =>
        new Promise<URL>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      return { redirectUri, navigate, close: () => {} }
    }
    const client = loginClient({ redirect: { prepare } })
    const login = rejection(client.login())
    await settled()
    client.close()
    expect(await login).toMatchObject({ name: 'AbortError' })
    expect(seen?.aborted).toBe(true)
    expect(await rejection(client.login())).toMatchObject({ name: 'AbortError' })
    expect(await rejection(client.startLogin())).toMatchObject({ name: 'AbortError' })
  })
})

describe('in two halves', () => {
  test('by two clients on one store, with what the app wants back', async () => {
    const url = await loginClient().startLogin({ appState: { cart: [1] }, returnTo: '/checkout' })
    expect(url.href).not.toMatch(/cart|checkout/)
    const client = loginClient()
    const finished = await client.finishLogin((await follow(emulator, url)).href)
    expect(finished).toMatchObject({ appState: { cart: [1] }, returnTo: '/checkout' })
    expect(await client.getToken()).toBe(finished.accessToken)
  })

  test('with the secret of a confidential client', async () => {
    const { client_id, client_secret } = emulator.contexts.oauth
    const flow = authorizationCode({
      clientId: client_id,
      clientSecret: client_secret,
      scopes: loginScopes,
      redirectUri,
    })
    const client = createClient({ flow, ...on })
    await client.finishLogin(await begun(client))
    expect(body(0).get('client_secret')).toBe(client_secret)
    expect(body(0).get('code_verifier')).toMatch(/^[\w-]{43}$/)
  })

  test('the token request repeats the redirect URI, with verifier and without a secret (S23, S31)', async () => {
    const client = loginClient()
    const url = await client.startLogin({ redirectUri: 'http://127.0.0.1:7777/other?x=1' })
    await client.finishLogin(await follow(emulator, url))
    expect(body(0).get('redirect_uri')).toBe(url.searchParams.get('redirect_uri'))
    expect(body(0).get('redirect_uri')).toBe('http://127.0.0.1:7777/other?x=1')
    expect(body(0).has('client_secret')).toBe(false)
  })

  test('the pending login may live elsewhere than the tokens', async () => {
    const pending = watched(memoryStore({ clock }))
    const client = loginClient({ pending })
    const callback = await begun(client)
    expect(await on.store.keys('')).toEqual([])
    await client.finishLogin(callback)
    expect(await pending.keys('')).toEqual([])
    expect(JSON.stringify(await everythingIn(on.store))).not.toMatch(/verifier/i)
  })

  test('one given up does not stand in the way of the next, and expires', async () => {
    const client = loginClient()
    for (let given = 0; given < 5; given++) await client.startLogin()
    expect(await client.finishLogin(await begun(client))).toMatchObject({ accessToken: expect.any(String) })
    clock.set(clock.now() + 16 * 60_000)
    expect(await pendingEntries()).toEqual([])
  })

  test.each([undefined, 'callback', '/relative', 'https://app.test/#fragment'])(
    'redirectUri %s is a clear error',
    async (uri) => {
      const { client_id } = emulator.contexts.oauth_public
      const client = createClient({ flow: authorizationCode({ clientId: client_id, scopes: [] }), ...on })
      const error = await rejection(client.startLogin(uri === undefined ? {} : { redirectUri: uri }))
      expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('redirectUri') })
      expect(await on.store.keys('')).toEqual([])
    },
  )

  test('a callback that is no URL is a clear error', async () => {
    expect(await rejection(loginClient().finishLogin('?code=1&state=2'))).toMatchObject({ code: 'BAD_OPTION' })
  })

  test('a store that cannot remember the login fails it before anyone leaves', async () => {
    on.store.before = () => {
      throw new UnavailableError('STORE_FAILED', 'full')
    }
    expect(await rejection(loginClient().startLogin())).toMatchObject({ code: 'STORE_FAILED' })
  })

  test('one that failed for the store’s sake can be tried again', async () => {
    const client = loginClient()
    const callback = await begun(client)
    on.store.before = () => {
      throw new UnavailableError('STORE_FAILED', 'away')
    }
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code: 'STORE_FAILED' })
    on.store.before = () => undefined
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })
})

describe('the authorization request', () => {
  test('asks for a code with PKCE S256, state and nonce (S1, S3)', async () => {
    const url = await loginClient().startLogin({ prompt: 'login', loginHint: 'a@b.test', locale: 'de_DE' })
    expect(url.origin + url.pathname).toBe(`${emulator.url}/ims/authorize/v2`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: emulator.contexts.oauth_public.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      response_mode: 'query',
      scope: loginScopes.join(' '),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      prompt: 'login',
      login_hint: 'a@b.test',
      locale: 'de_DE',
    })
  })

  test('no option changes what the protocol sets: never a token, never plain, never another client (S1, S2, S3)', async () => {
    const names = [
      'response_type',
      'code_challenge_method',
      'code_challenge',
      'state',
      'nonce',
      'client_id',
      'redirect_uri',
      'scope',
      'response_mode',
      'x',
    ]
    const parameters = fc.dictionary(
      fc.constantFrom(...names),
      fc.constantFrom('token', 'plain', 'id_token token', 'evil'),
    )
    const client = loginClient()
    await fc.assert(
      fc.asyncProperty(parameters, async (more) => {
        const { searchParams } = await client.startLogin({ parameters: more })
        expect(searchParams.getAll('response_type')).toEqual(['code'])
        expect(searchParams.getAll('code_challenge_method')).toEqual(['S256'])
        for (const name of names.slice(2, -1)) expect(searchParams.get(name)).not.toMatch(/^(evil|plain|token)$/)
        expect(searchParams.get('x')).toBe(more.x ?? null)
      }),
      { numRuns: 50 },
    )
  })

  test('a nonce goes with openid only (S11)', async () => {
    const flow = publicFlow(emulator, { scopes: ['AdobeID'] })
    const url = await createClient({ flow, ...on }).startLogin({ parameters: { nonce: 'mine' } })
    expect(url.searchParams.has('nonce')).toBe(false)
  })

  test('RFC 7636, appendix B: its random octets give its challenge, so they come from the CSPRNG (S3, S5)', async () => {
    const octets = base64url.decode('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      ;(array as unknown as Uint8Array).set(octets)
      return array
    })
    const url = await loginClient().startLogin()
    expect(url.searchParams.get('code_challenge')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  test('ten thousand verifiers, states and nonces: right in form, no repeats (S5, S7, S10)', async () => {
    const flow = publicFlow(emulator)
    const call = { endpoint: emulator.url, issuers: [], clock } as never
    const seen = new Set<string>()
    for (let login = 0; login < 10_000; login++) {
      const { pending } = await flow.start(call, redirectUri, {})
      expect(pending.codeVerifier.length).toBe(43)
      for (const value of [pending.codeVerifier, pending.state, pending.nonce]) seen.add(value)
    }
    expect(seen.size).toBe(30_000)
    expect([...seen].every((value) => /^[\w-]{43}$/.test(value))).toBe(true)
  })

  test('the code of one login does not work with the verifier of another (S6)', async () => {
    const client = loginClient()
    const [one, two] = [await begun(client), await begun(client)]
    const mixed = edited(one, (parameters) => parameters.set('code', two.searchParams.get('code') ?? ''))
    expect(await rejection(client.finishLogin(mixed))).toMatchObject({ imsError: 'access_denied' })
  })
})

describe('a page that the user comes back on', () => {
  function arrivedAt(callback: URL): Arrival & { readonly cleared: string[] } {
    const cleared: string[] = []
    return {
      cleared,
      url: () => callback,
      here: () => callback.href,
      clear: ({ href }) => void cleared.push(href),
      handOver: async () => false,
      completed: () => {},
      accepts: () => true,
    }
  }

  test('takes the answer of its login out of the address', async () => {
    const callback = await begun(loginClient())
    const arrival = arrivedAt(callback)
    const client = createClient({ flow: publicFlow(emulator), ...on, arrival })
    expect(await client.handleRedirect()).toMatchObject({ status: 'signedIn' })
    expect(arrival.cleared[0]).toBe(callback.href)
  })

  test('takes an answer that was read before out of the address again, and nothing else happens', async () => {
    const callback = await begun(loginClient())
    const again = arrivedAt(callback)
    await createClient({ flow: publicFlow(emulator), ...on, arrival: arrivedAt(callback) }).handleRedirect()
    const client = createClient({ flow: publicFlow(emulator), ...on, arrival: again })
    expect(await client.handleRedirect()).toBeUndefined()
    expect(again.cleared).toEqual([callback.href])
  })

  test('leaves an address with two states as it is, even if one of them is its own', async () => {
    const callback = await begun(loginClient())
    callback.searchParams.append('state', 'other')
    const arrival = arrivedAt(callback)
    const client = createClient({ flow: publicFlow(emulator), ...on, arrival })
    expect(await client.handleRedirect()).toBeUndefined()
    expect(arrival.cleared).toEqual([])
  })

  test('rejects if the answer belongs to another place: that is not a refusal of the user', async () => {
    const callback = await begun(loginClient())
    const elsewhere = new URL(`/elsewhere${callback.search}`, callback)
    const client = createClient({ flow: publicFlow(emulator), ...on, arrival: arrivedAt(elsewhere) })
    expect(await rejection(client.handleRedirect())).toMatchObject({ code: 'STATE_MISMATCH' })
  })
})

describe('STATE_MISMATCH', () => {
  const cases: [string, string, (callback: URL, client: LoginClient) => Promise<URL | string> | URL | string][] = [
    ['no state', 'missing', (callback) => edited(callback, (parameters) => parameters.delete('state'))],
    ['an empty state', 'missing', (callback) => edited(callback, (parameters) => parameters.set('state', ''))],
    ['two states', 'missing', (callback) => edited(callback, (parameters) => parameters.append('state', 'other'))],
    ['an unknown state', 'unknown', (callback) => edited(callback, (parameters) => parameters.set('state', 'other'))],
    [
      'a state that names another entry',
      'unknown',
      (callback) => edited(callback, (parameters) => parameters.set('state', '../tokens/')),
    ],
    ['another path', 'redirect_uri', (callback) => edited(callback, (_, url) => (url.pathname = '/elsewhere'))],
    ['another port', 'redirect_uri', (callback) => edited(callback, (_, url) => (url.port = '5556'))],
    ['another host', 'redirect_uri', (callback) => edited(callback, (_, url) => (url.hostname = 'localhost'))],
    [
      'the default redirect URI of IMS',
      'redirect_uri',
      (callback) => `${emulator.url}/default-redirect${callback.search}`,
    ],
  ]
  test.each(cases)('%s: reason %s, no token request, nothing stored changes (S7, S18)', async (_, reason, forge) => {
    const client = loginClient()
    await client.finishLogin(await begun(client))
    const callback = await begun(client)
    const [before, sent] = [await everythingIn(on.store), on.fetch.sent.length]
    const error = await rejection(client.finishLogin(await forge(callback, client)))
    expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'STATE_MISMATCH', details: { reason } })
    expect(on.fetch.sent).toHaveLength(sent)
    expect(await everythingIn(on.store)).toEqual(before)
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })

  test('a replayed callback: unknown, by another client and with another code (S7)', async () => {
    const client = loginClient()
    const callback = await begun(client)
    await client.finishLogin(callback)
    const [before, sent] = [await everythingIn(on.store), on.fetch.sent.length]
    const otherCode = edited(callback, (parameters) => parameters.set('code', 'other'))
    for (const replay of [loginClient().finishLogin(callback), client.finishLogin(otherCode)])
      expect(await rejection(replay)).toMatchObject({ code: 'STATE_MISMATCH', details: { reason: 'unknown' } })
    expect(on.fetch.sent).toHaveLength(sent)
    expect(await everythingIn(on.store)).toEqual(before)
  })

  test.each([true, false])('an expired login, in a store that drops what has expired: %s', async (drops) => {
    const store = drops ? on.store : watched(memoryStore({ clock: fakeClock() }))
    const client = loginClient({ store })
    const callback = await begun(client)
    clock.set(clock.now() + 15 * 60_000)
    const before = await everythingIn(store)
    const error = await rejection(client.finishLogin(callback))
    expect(error).toMatchObject({ code: 'STATE_MISMATCH', details: { reason: drops ? 'unknown' : 'expired' } })
    expect(await everythingIn(store)).toEqual(before)
    expect(on.fetch.sent).toHaveLength(0)
  })

  test('a login of another client or environment: foreign, and still good where it belongs (S16)', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const before = await everythingIn(on.store)
    const strangers = [
      createClient({ flow: publicFlow(emulator, { clientId: 'another' }), ...on }),
      createClient({ flow: publicFlow(emulator, { scopes: ['openid'] }), ...on }),
      loginClient({ endpoint: 'https://ims-na1-stg1.adobelogin.com' }),
    ]
    for (const stranger of strangers) {
      const error = await rejection(stranger.finishLogin(callback))
      expect(error).toMatchObject({ code: 'STATE_MISMATCH', details: { reason: 'foreign' } })
    }
    expect(on.fetch.sent).toHaveLength(0)
    expect(await everythingIn(on.store)).toEqual(before)
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })

  test('private-use schemes are compared with their host (S72)', async () => {
    const client = loginClient()
    const url = await client.startLogin({ redirectUri: 'com.adobe.app://back/here' })
    const state = url.searchParams.get('state')
    const error = await rejection(client.finishLogin(`com.adobe.app://elsewhere/here?code=1&state=${state}`))
    expect(error).toMatchObject({ details: { reason: 'redirect_uri' } })
  })

  const bad: [string, (parameters: URLSearchParams) => void][] = [
    ['two codes', (parameters) => parameters.append('code', 'other')],
    ['no code', (parameters) => parameters.delete('code')],
    ['two iss', (parameters) => ['a', 'b'].map((iss) => parameters.append('iss', iss))],
    ['an access token', (parameters) => parameters.set('token', 'x')],
    ['an id token', (parameters) => parameters.set('id_token', 'x')],
  ]
  test.each(bad)('a callback with %s: no token request, no tokens stored (S12)', async (_, edit) => {
    const client = loginClient()
    const error = await rejection(client.finishLogin(edited(await begun(client), edit)))
    expect(error).toMatchObject({ code: 'STATE_MISMATCH', details: { reason: 'callback' } })
    expect(on.fetch.sent).toHaveLength(0)
    expect(await storedTokens(on.store)).toBeUndefined()
  })

  test.each([
    '"text"',
    '{}',
    '{"__proto__":{"state":"x"}}',
    '{"state":1}',
    'null',
    '[]',
    '{"state":"s","nonce":"n","codeVerifier":"v","redirectUri":"no url","endpoint":"e","flowId":"f","expiresAt":9e15}',
  ])('a pending login that says %s is none', async (stored) => {
    const client = loginClient()
    const callback = await begun(client)
    const [key = ''] = await pendingEntries()
    await on.store.set(key, JSON.parse(stored))
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ details: { reason: 'unknown' } })
  })

  test('parameters nobody knows are ignored (S12)', async () => {
    const client = loginClient()
    const callback = edited(await begun(client), (parameters) => parameters.set('foo', '1'))
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })
})

describe('iss in the callback (RFC 9207)', () => {
  test.each(['', '/ims'])('the endpoint%s is accepted', async (suffix) => {
    const client = loginClient()
    const callback = edited(await begun(client), (parameters) => parameters.set('iss', emulator.url + suffix))
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })

  const wrong = ['.evil.test', '/', ':8443', '/IMS', '/ims/', '?', '@evil.test'].map(
    (tail) => `https://ims.test${tail}`,
  )
  test.each([...wrong, 'HTTPS://IMS.TEST', 'https://ims-na1.adobelogin.com', 'http://ims.test'])(
    '%s is refused, with a code and with an error (S15, S17)',
    async (iss) => {
      const client = loginClient()
      for (const error of [undefined, 'access_denied']) {
        const callback = edited(await begun(client), (parameters) => {
          parameters.set('iss', iss)
          if (error !== undefined) parameters.set('error', error)
        })
        expect(await rejection(client.finishLogin(callback))).toMatchObject({ code: 'STATE_MISMATCH' })
      }
      expect(on.fetch.sent).toHaveLength(0)
      expect(await storedTokens(on.store)).toBeUndefined()
    },
  )
})

describe('an error in the callback', () => {
  const refused = async (error: string, description?: string) => {
    const client = loginClient()
    const callback = edited(await begun(client), (parameters) => {
      parameters.delete('code')
      parameters.set('error', error)
      if (description !== undefined) parameters.set('error_description', description)
    })
    const thrown = await rejection(client.finishLogin(callback))
    expect(on.fetch.sent).toHaveLength(0)
    expect(await storedTokens(on.store)).toBeUndefined()
    return thrown
  }

  test('access_denied: ACCESS_DENIED (S13)', async () => {
    expect(await refused('access_denied', 'they said no')).toMatchObject({
      name: 'LoginRequiredError',
      code: 'ACCESS_DENIED',
      details: { imsError: 'access_denied', imsErrorDescription: 'they said no' },
    })
  })
  test.each([
    'login_required',
    'consent_required',
    'interaction_required',
    'ride_AdobeID_acct_terms',
    'ride_AdobeID_acct_actreq',
  ])('%s: LOGIN_REQUIRED with it in cause', async (error) => {
    expect(await refused(error)).toMatchObject({ code: 'LOGIN_REQUIRED', cause: { imsError: error } })
  })
  test.each(['invalid_scope', 'toString', '__proto__', 'unheard_of'])('%s: HTTP_ERROR with it', async (error) => {
    expect(await refused(error)).toMatchObject({ code: 'HTTP_ERROR', imsError: error })
  })
  test.each(['server_error', 'temporarily_unavailable'])('%s: IMS_UNAVAILABLE with it', async (error) => {
    const expected = { name: 'UnavailableError', code: 'IMS_UNAVAILABLE', details: { imsError: error } }
    expect(await refused(error)).toMatchObject(expected)
  })
  test('is text of others: without tokens, and cut short (S14)', async () => {
    const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.sig`
    const error = await refused('invalid_scope', `<img onerror=x> ${token} ${'x'.repeat(2_000)}`)
    expect(JSON.stringify(error) + String(error)).not.toContain(token)
    expect((error as { imsErrorDescription: string }).imsErrorDescription.length).toBeLessThanOrEqual(500)
  })

  test('prompt=none with nobody signed in: LOGIN_REQUIRED, nothing retried (S13, S26)', async () => {
    const forms = await createEmulator({ now: () => clock.now() })
    on = platformOn(forms, clock)
    const client = createClient({ flow: publicFlow(forms), ...on, redirect: autoRedirect(forms) })
    const error = await rejection(client.login({ prompt: 'none' }))
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', cause: { imsError: 'login_required' } })
    expect(forms.requests).toHaveLength(1)
  })
})

describe('the id token', () => {
  /** A client whose token answers are edited on the way. */
  const answering = (edit: (answer: Record<string, unknown>) => Promise<object> | object, more: object = {}) => {
    const fetch: Fetch = async (url, init) => {
      const response = await on.fetch(url, init)
      if (!url.includes('/ims/token')) return response
      const answer = await edit((await response.json()) as Record<string, unknown>)
      return Response.json(answer, { headers: { date: response.headers.get('date') ?? '' } })
    }
    return createClient({ flow: publicFlow(emulator, more), ...on, fetch })
  }
  const resigned = (change: (claims: Record<string, unknown>) => object) => async (answer: Record<string, unknown>) => {
    const claims = decodeJwt(String(answer.id_token))
    const id_token = await new SignJWT({ ...claims, ...change(claims) })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(otherKey)
    return { ...answer, id_token }
  }
  const refusedFor = async (client: LoginClient, reason?: string) => {
    const error = await rejection(client.finishLogin(await begun(client)))
    expect(error).toMatchObject(reason === undefined ? { code: 'IMS_MALFORMED' } : { code: 'TOKEN_INVALID', reason })
    expect(await storedTokens(on.store)).toBeUndefined()
  }
  const seconds = () => Math.floor(clock.now() / 1000)

  const wrong: [string, string, (claims: Record<string, unknown>) => object][] = [
    ['another nonce', 'nonce', () => ({ nonce: 'other' })],
    ['another audience', 'audience', () => ({ aud: 'other' })],
    ['several audiences without us', 'audience', () => ({ aud: ['a', 'b'] })],
    ['another issuer', 'issuer', () => ({ iss: 'https://evil.test' })],
    ['an issuer that only begins like ours', 'issuer', () => ({ iss: `${emulator.url}.evil.test` })],
    ['an end in the past', 'expired', () => ({ exp: seconds() - 120 })],
  ]
  test.each(wrong)('with %s is refused: %s (S11, S80)', async (_, reason, change) => {
    await refusedFor(answering(resigned(change)), reason)
  })
  test('without the nonce is refused (S11)', async () => {
    const client = answering(async (answer) => resigned(() => ({ nonce: undefined }))(answer))
    const error = await rejection(client.finishLogin(await begun(client)))
    expect(error).toMatchObject({ name: expect.stringMatching(/TokenError|ImsResponseError/) })
    expect(await storedTokens(on.store)).toBeUndefined()
  })
  test('issued by the other name of IMS is accepted', async () => {
    const client = answering(resigned(() => ({ iss: `${emulator.url}/ims` })))
    expect(await client.finishLogin(await begun(client))).toMatchObject({ accessToken: expect.any(String) })
  })
  test('of another host of an environment names the issuer of the environment', async () => {
    const endpoint = 'https://ims-prod06.adobelogin.com'
    const at = (url: string) => url.replace(endpoint, emulator.url)
    const issuedBy = (iss: string) =>
      createClient({
        flow: publicFlow(emulator),
        ...on,
        endpoint,
        fetch: async (url, init) => {
          const answer = (await (await on.fetch(at(url), init)).json()) as Record<string, unknown>
          return Response.json(await resigned(() => ({ iss }))(answer))
        },
      })
    const back = async (client: LoginClient) => follow(emulator, new URL(at((await client.startLogin()).href)))
    const good = issuedBy('https://ims-na1.adobelogin.com')
    expect(await good.finishLogin(await back(good))).toMatchObject({
      claims: { iss: 'https://ims-na1.adobelogin.com' },
    })
    const staged = issuedBy('https://ims-na1-stg1.adobelogin.com')
    const error = (await rejection(staged.finishLogin(await back(staged)))) as Error
    expect(error).toMatchObject({ code: 'TOKEN_INVALID', reason: 'issuer' })
    expect(error.message).toContain('option issuers')
    const named = await back(staged)
    named.searchParams.set('iss', 'https://ims-na1-stg1.adobelogin.com')
    const mixed = (await rejection(staged.finishLogin(named))) as Error
    expect(mixed).toMatchObject({ code: 'STATE_MISMATCH' })
    expect(mixed.message).toContain('option issuers')
  })
  test('unsigned, or signed with HS256, is refused (S77)', async () => {
    for (const forge of [
      (claims: object) => new UnsecuredJWT({ ...claims }).encode(),
      (claims: object) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
    ]) {
      await refusedFor(
        answering(async (answer) => ({ ...answer, id_token: await forge(decodeJwt(String(answer.id_token))) })),
      )
    }
  })
  test('that is no JWT is refused', async () => {
    await refusedFor(answering((answer) => ({ ...answer, id_token: 'opaque' })))
  })

  test('straight from IMS it is not checked for its signature, and no key is fetched', async () => {
    const client = answering(resigned(() => ({})))
    expect(await client.finishLogin(await begun(client))).toMatchObject({ claims: { iss: emulator.url } })
    expect(on.fetch.sent.map(({ url }) => new URL(url).pathname)).toEqual(['/ims/token/v3'])
  })
  const verifying = { verifyIdTokenSignature: true }
  test('with verifyIdTokenSignature a good one is accepted', async () => {
    const client = answering((answer) => answer, verifying)
    expect(await client.finishLogin(await begun(client))).toMatchObject({ claims: { iss: emulator.url } })
    expect(on.fetch.sent.map(({ url }) => new URL(url).pathname)).toContain('/ims/keys')
  })
  test('with verifyIdTokenSignature one with a flipped bit is refused', async () => {
    const flip = (answer: Record<string, unknown>) => {
      const [header, payload, signature = ''] = String(answer.id_token).split('.')
      const octets = base64url.decode(signature)
      octets[9] = (octets[9] ?? 0) ^ 1
      return { ...answer, id_token: `${header}.${payload}.${base64url.encode(octets)}` }
    }
    await refusedFor(answering(flip, verifying), 'signature')
  })
  test('with verifyIdTokenSignature one with loose base64url is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const loosen = (answer: Record<string, unknown>) => {
      const token = String(answer.id_token)
      // a signature of 256 bytes leaves four unused bits in its last character
      return { ...answer, id_token: token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) ^ 1] }
    }
    await refusedFor(answering(loosen, verifying), 'malformed')
  })
  test('with verifyIdTokenSignature one of another key is refused', async () => {
    const client = answering(
      resigned(() => ({})),
      verifying,
    )
    expect(await rejection(client.finishLogin(await begun(client)))).toMatchObject({ code: 'TOKEN_INVALID' })
    expect(await storedTokens(on.store)).toBeUndefined()
  })

  test.each([day, -day, 3 * 60_000])('is checked by the server’s clock: ours may be wrong by %s ms', async (off) => {
    on = platformOn(emulator, fakeClock(clock.now() + off))
    for (const more of [{}, verifying]) {
      const client = createClient({ flow: publicFlow(emulator, more), ...on })
      expect(await client.finishLogin(await begun(client))).toMatchObject({ claims: { iss: emulator.url } })
      await client.forget()
    }
  })

  test('scopes that were not granted are named (S38)', async () => {
    const client = answering((answer) => ({ ...answer, scope: 'openid AdobeID' }))
    const { scopes, missingScopes } = await client.finishLogin(await begun(client))
    expect([scopes, missingScopes]).toEqual([['openid', 'AdobeID'], ['offline_access']])
  })
})

describe('a code is spent once', () => {
  test('finishLogin twice at once and twice in a row: one token request, one answer (S22)', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const [one, two] = await Promise.all([client.finishLogin(callback), client.finishLogin(callback.href)])
    const three = await client.finishLogin(callback)
    expect([two.accessToken, three.accessToken]).toEqual([one.accessToken, one.accessToken])
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events.filter(({ type }) => type === 'login')).toHaveLength(1)
  })

  test('two clients at once: one token request (S22)', async () => {
    const callback = await begun(loginClient())
    const results = await Promise.allSettled(
      [loginClient(), loginClient()].map((client) => client.finishLogin(callback)),
    )
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('a page that is rendered, dropped and rendered again: the second gets the answer', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const held = gate()
    on.fetch.before = () => held.opened
    const dropped = new AbortController()
    const first = rejection(client.finishLogin(callback, { signal: dropped.signal }))
    dropped.abort('unmounted')
    expect(await first).toBe('unmounted')
    const second = client.finishLogin(callback)
    held.open()
    expect(await second).toMatchObject({ accessToken: await client.getToken() })
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('aborted before, it is not spent at all', async () => {
    const client = loginClient()
    const callback = await begun(client)
    const before = await everythingIn(on.store)
    expect(await rejection(client.finishLogin(callback, { signal: AbortSignal.abort('mine') }))).toBe('mine')
    expect(await everythingIn(on.store)).toEqual(before)
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: expect.any(String) })
  })

  const outages: [string, Parameters<Emulator['fault']>[0], string][] = [
    ['503', { path: '/ims/token', status: 503 }, 'IMS_UNAVAILABLE'],
    ['429', { path: '/ims/token', status: 429, headers: { 'retry-after': '1' } }, 'IMS_UNAVAILABLE'],
    ['a connection dropped before', { path: '/ims/token', drop: 'before' }, 'NETWORK_FAILED'],
    ['a connection dropped after', { path: '/ims/token', drop: 'after' }, 'NETWORK_FAILED'],
    ['an answer cut off', { path: '/ims/token', drop: 'mid-body' }, 'NETWORK_FAILED'],
  ]
  test.each(outages)('also after %s, and not by a second finishLogin either', async (_, outage, code) => {
    fault(outage)
    const client = loginClient({ retry: { retries: 3 } })
    const callback = await begun(client)
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code })
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code })
    expect(await rejection(loginClient().finishLogin(callback))).toMatchObject({ code: 'STATE_MISMATCH' })
    expect(on.fetch.sent).toHaveLength(1)
    expect(await storedTokens(on.store)).toBeUndefined()
  })
})
