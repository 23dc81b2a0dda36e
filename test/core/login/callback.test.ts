import { describe, expect, test } from 'vitest'
import { createClient, type Lock, type LoginClient, memoryStore } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { autoRedirect, everythingIn, platformOn, publicFlow, rejection, storedTokens, watched } from '../setting.ts'
import { begun, clock, edited, emulator, loginClient, on, pendingEntries, usePlatform } from './emulated-login.ts'

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

  test('a state that no login here has: no lock is taken, so that strangers cannot make a runtime store one', async () => {
    const locks: string[] = []
    const lock: Lock = (name, task, signal) => {
      locks.push(name)
      return on.lock(name, task, signal)
    }
    const client = loginClient({ lock })
    const callback = await begun(client)
    const stranger = edited(callback, (parameters) => parameters.set('state', 'of-a-stranger'))
    expect(await rejection(client.finishLogin(stranger))).toMatchObject({ details: { reason: 'unknown' } })
    expect(locks).toEqual([])
    await client.finishLogin(callback)
    expect(locks).not.toEqual([])
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
  ])('a pending login that says %s is not used', async (stored) => {
    const client = loginClient()
    const callback = await begun(client)
    const [key = ''] = await pendingEntries()
    await on.store.set(key, JSON.parse(stored))
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ details: { reason: 'unknown' } })
  })

  test('unknown parameters are ignored (S12)', async () => {
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

  test('prompt=none without a user signed in: LOGIN_REQUIRED, nothing retried (S13, S26)', async () => {
    const forms = await createEmulator({ now: () => clock.now() })
    usePlatform(platformOn(forms, clock))
    const client = createClient({ flow: publicFlow(forms), ...on, redirect: autoRedirect(forms) })
    const error = await rejection(client.login({ prompt: 'none' }))
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', cause: { imsError: 'login_required' } })
    expect(forms.requests).toHaveLength(1)
  })
})
