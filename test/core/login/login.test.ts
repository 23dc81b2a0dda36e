import { describe, expect, test, vi } from 'vitest'
import {
  authorizationCode,
  createClient,
  type LoginClient,
  memoryStore,
  type Redirect,
  UnavailableError,
} from '../../../src/core/index.ts'
import type { Arrival } from '../../../src/core/ports.ts'
import { startEmulator } from '../../../src/emulator/index.ts'
import { createPerson } from '../../emulator/person.ts'
import {
  autoRedirect,
  everythingIn,
  follow,
  loginScopes,
  publicFlow,
  redirectUri,
  rejection,
  settled,
  storedTokens,
  watched,
} from '../setting.ts'
import { begun, body, clock, emulator, loginClient, on, pendingEntries } from './emulated-login.ts'

describe('in one piece', () => {
  test('a user signs in on the emulator’s own pages', async () => {
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

  test('if the user cannot be redirected: LOGIN_NOT_POSSIBLE', async () => {
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

  test('aborted before, it redirects no user; the reason comes back untouched', async () => {
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

  test('one given up does not prevent the next, and expires', async () => {
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

  test('a callback that is not a URL is a clear error', async () => {
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

describe('a page that the user is redirected back to', () => {
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
