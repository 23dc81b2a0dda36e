import { describe, expect, test, vi } from 'vitest'
import {
  createClient,
  memoryStore,
  refreshToken,
  type SilentFlow,
  type Tokens,
  UnavailableError,
} from '../../../src/core/index.ts'
import type { Emulator } from '../../../src/emulator/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import {
  autoRedirect,
  day,
  everythingIn,
  follow,
  gate,
  hour,
  platformOn,
  publicFlow,
  rejection,
  settled,
  storedTokens,
} from '../setting.ts'
import {
  clock,
  emulator,
  fault,
  nearExpiry,
  noReuse,
  on,
  refuse,
  sentTokens,
  serverClient,
  signedIn,
  types,
  usePlatform,
} from './emulated-session.ts'

describe('refresh tokens', () => {
  test('rotate: each is sent once, the new one replaces the old (S39)', async () => {
    const client = await signedIn()
    for (let round = 0; round < 5; round++) {
      nearExpiry()
      const sent = (await storedTokens(on.store))?.refreshToken
      await client.getToken()
      expect(sentTokens().at(-1)).toBe(sent)
      expect((await storedTokens(on.store))?.refreshToken).not.toBe(sent)
    }
    noReuse()
    expect(on.fetch.sent).toHaveLength(5)
  })

  test('two clients on one store race: one request, zero reuse (S40)', async () => {
    const [one, two] = [await signedIn(), createClient({ flow: publicFlow(emulator), ...on })]
    await two.getToken()
    for (let round = 0; round < 3; round++) {
      nearExpiry()
      const tokens = await Promise.all([one.getToken(), two.getToken(), one.getToken(), two.getToken()])
      expect(new Set(tokens).size).toBe(1)
      expect(on.fetch.sent).toHaveLength(round + 1)
    }
    noReuse()
    expect(types()).not.toContain('refresh-refused')
  })

  test('what the answer leaves out stays: refresh token, scopes, claims (S39)', async () => {
    const client = await signedIn()
    const before = await storedTokens(on.store)
    nearExpiry()
    fault({ path: '/ims/token', body: { access_token: 'opaque', token_type: 'bearer', expires_in: 86_400 } })
    expect(await client.getToken()).toBe('opaque')
    const { refreshToken, refreshExpiresAt, scopes, claims } = before ?? {}
    expect(refreshToken).toEqual(expect.any(String))
    expect(await storedTokens(on.store)).toMatchObject({ refreshToken, refreshExpiresAt, scopes, claims } as object)
    nearExpiry()
    await client.getToken()
    expect(sentTokens().at(-1)).toBe(refreshToken)
  })

  test('a new refresh token that does not say when it ends does not inherit the end of the old', async () => {
    const client = await signedIn()
    nearExpiry()
    const body = { access_token: 'opaque', refresh_token: 'opaque-too', token_type: 'bearer', expires_in: 86_400 }
    fault({ path: '/ims/token', body })
    await client.getToken()
    expect(await storedTokens(on.store)).not.toHaveProperty('refreshExpiresAt')
  })

  test('on a refusal the winner’s token is adopted (S41)', async () => {
    const client = await signedIn()
    const [key = ''] = await on.store.keys('imskit/tokens/')
    nearExpiry()
    const winner = {
      accessToken: 'winner',
      expiresAt: clock.now() + day,
      obtainedAt: clock.now(),
      refreshToken: 'next',
    }
    on.fetch.before = () => on.store.set(key, winner)
    refuse('invalid_grant')
    expect(await client.getToken()).toBe('winner')
    expect(on.fetch.sent).toHaveLength(1)
    expect(await storedTokens(on.store)).toEqual(winner)
    expect(types()).not.toContain('refresh-refused')
  })

  test('and a winner’s refresh token is tried where the winner’s token has expired too', async () => {
    const client = await signedIn()
    const [key = ''] = await on.store.keys('imskit/tokens/')
    const good = (await on.store.get(key)) as unknown as Tokens
    nearExpiry()
    await on.store.set(key, { accessToken: 'old', expiresAt: clock.now(), refreshToken: 'lost the race' })
    on.fetch.before = async () => {
      if (on.fetch.sent.length === 1) await on.store.set(key, { ...good, expiresAt: clock.now() } as never)
    }
    client.close()
    const other = createClient({ flow: publicFlow(emulator), ...on })
    expect(await other.getToken()).toEqual(expect.any(String))
    expect(sentTokens()).toEqual(['lost the race', good.refreshToken])
  })

  test.each(['invalid_grant', 'invalid_token'])('one refused with %s is forgotten, once and for all', async (error) => {
    const client = await signedIn()
    nearExpiry()
    refuse(error)
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(await rejection(client.getToken({ force: true }))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'refresh-refused', error }))
    expect(await storedTokens(on.store)).not.toHaveProperty('refreshToken')
    clock.set(clock.now() + hour)
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(1)
  })

  const outages: [string, Parameters<Emulator['fault']>[0], string][] = [
    ['a dropped connection', { path: '/ims/token', drop: 'before' }, 'NETWORK_FAILED'],
    ['an answer cut off', { path: '/ims/token', drop: 'mid-body' }, 'NETWORK_FAILED'],
    ['503', { path: '/ims/token', status: 503 }, 'IMS_UNAVAILABLE'],
    ['429', { path: '/ims/token', status: 429 }, 'IMS_UNAVAILABLE'],
    ['500', { path: '/ims/token', status: 500, body: '<html>oops' }, 'IMS_UNAVAILABLE'],
  ]
  test.each(outages)('%s deletes nothing and returns the token that has not expired', async (_, outage) => {
    const client = await signedIn()
    const token = await client.getToken()
    const before = await everythingIn(on.store)
    nearExpiry()
    fault(outage)
    expect(await client.getToken()).toBe(token)
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'renewing' }))
    expect(await everythingIn(on.store)).toEqual(before)
  })

  test.each(outages)(
    '%s after expiry deletes nothing, asks no user and fails as what it is',
    async (_, outage, code) => {
      const redirect = autoRedirect(emulator)
      const client = await signedIn({ redirect })
      const before = await everythingIn(on.store)
      clock.set(clock.now() + day + 1)
      fault(outage)
      expect(await rejection(client.getToken())).toMatchObject({ name: 'UnavailableError', code })
      expect(await everythingIn(on.store)).toEqual(before)
      expect(redirect.begun).toBe(1)
      // whatever IMS had done before the answer was lost cannot be undone
      if (outage.drop !== 'mid-body') expect(await client.getToken()).toEqual(expect.any(String))
    },
  )

  const notRefused: [string, Parameters<Emulator['fault']>[0]][] = [
    ['invalid_client', { path: '/ims/token', status: 401, body: { error: 'invalid_client' } }],
    ['invalid_scope', { path: '/ims/token', status: 400, body: { error: 'invalid_scope' } }],
    ['an HTML page', { path: '/ims/token', body: '<html>Sign in to the hotel</html>' }],
    ['an answer without a token', { path: '/ims/token', body: { token_type: 'bearer' } }],
    ['403 without a body', { path: '/ims/token', status: 403 }],
    ['a redirect', { path: '/ims/token', status: 302, headers: { location: 'https://evil.test/' } }],
  ]
  test.each(notRefused)('%s does not refuse the refresh token: nothing is forgotten (S41)', async (_, answer) => {
    const client = await signedIn()
    const before = await everythingIn(on.store)
    nearExpiry()
    fault(answer)
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'renewing' }))
    expect(await everythingIn(on.store)).toEqual(before)
    fault(answer)
    await clock.advance(10_000)
    const name = ['invalid_client', 'invalid_scope'].includes(_) ? 'ImsResponseError' : 'UnavailableError'
    expect(await rejection(client.getToken({ force: true }))).toMatchObject({ name })
    await clock.advance(10_000)
    expect(await client.getToken({ force: true })).toEqual(expect.any(String))
  })

  test('one that is refused is not sent again although the store cannot forget it', async () => {
    const client = await signedIn()
    nearExpiry()
    refuse('invalid_grant')
    const { set } = on.store
    on.store.set = (key, ...rest) =>
      key.startsWith('imskit/tokens/')
        ? Promise.reject(new UnavailableError('STORE_FAILED', 'the disk is full'))
        : set(key, ...rest)
    await client.getToken()
    clock.set(clock.now() + hour)
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('one that has expired is not sent, though the store still has it', async () => {
    const client = await signedIn({ store: memoryStore({ clock: fakeClock() }) })
    clock.set(clock.now() + 14 * day)
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(0)
  })

  test('a logout elsewhere is not undone from memory (S46)', async () => {
    const [one, two] = [await signedIn(), createClient({ flow: publicFlow(emulator), ...on })]
    await two.getToken()
    await one.forget()
    on.fetch.sent.length = 0
    nearExpiry()
    expect(await rejection(two.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(0)
    expect(await on.store.keys('')).toEqual([])
  })

  test('the scope is never widened: none is sent, which means what was granted (S42)', async () => {
    const client = await signedIn()
    nearExpiry()
    await client.getToken()
    expect(new URLSearchParams(String(on.fetch.sent[0]?.init.body)).has('scope')).toBe(false)
  })
})

describe('renewing in the background', () => {
  const shortlyBefore = () => nearExpiry(11 * 60_000)

  test('shortly before the margin a call returns the token it has and renews behind it, once', async () => {
    const waitUntil = vi.fn()
    const client = serverClient({ waitUntil })
    const old = await client.getToken()
    shortlyBefore()
    expect(await Promise.all([client.getToken(), client.getToken(), client.getToken()])).toEqual([old, old, old])
    expect(waitUntil).toHaveBeenCalledTimes(1)
    await waitUntil.mock.calls[0]?.[0]
    const next = await client.getToken()
    expect(next).not.toBe(old)
    expect(on.fetch.sent).toHaveLength(2)
    expect((await storedTokens(on.store))?.accessToken).toBe(next)
  })

  test('with a refresh token too', async () => {
    const waitUntil = vi.fn()
    const client = await signedIn({ waitUntil })
    const old = await client.getToken()
    shortlyBefore()
    expect(await client.getToken()).toBe(old)
    await waitUntil.mock.calls[0]?.[0]
    expect(await client.getToken()).not.toBe(old)
  })

  test('does not happen if it would need the user', async () => {
    const waitUntil = vi.fn()
    const flow = publicFlow(emulator, { scopes: ['openid', 'AdobeID'] })
    const client = createClient({ flow, ...on, redirect: autoRedirect(emulator), waitUntil })
    const old = await client.login()
    on.fetch.sent.length = 0
    shortlyBefore()
    expect(await client.getToken()).toBe(old)
    expect(waitUntil).not.toHaveBeenCalled()
    expect(on.fetch.sent).toHaveLength(0)
  })

  test('its failure is only an event, and it is not tried again for half a minute', async () => {
    const waitUntil = vi.fn()
    const client = serverClient({ waitUntil })
    const old = await client.getToken()
    shortlyBefore()
    fault({ path: '/ims/token', status: 400, body: { error: 'invalid_client' }, times: Number.POSITIVE_INFINITY })
    expect(await client.getToken()).toBe(old)
    await waitUntil.mock.calls[0]?.[0]
    const failure = { type: 'error', code: 'HTTP_ERROR', during: 'renewing in the background' }
    expect(on.events).toContainEqual(expect.objectContaining(failure))
    const sent = on.fetch.sent.length
    await clock.advance(29_000)
    expect(await client.getToken()).toBe(old)
    await settled()
    expect(on.fetch.sent).toHaveLength(sent)
    await clock.advance(1_000)
    expect(await client.getToken()).toBe(old)
    await waitUntil.mock.calls[1]?.[0]
    expect(on.fetch.sent.length).toBeGreaterThan(sent)
  })
})

describe('a given refresh token', () => {
  const givenTo = (token: string): SilentFlow =>
    refreshToken({ clientId: emulator.contexts.oauth_public.client_id, refreshToken: token })
  const someRefreshToken = async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on })
    await client.finishLogin(await follow(emulator, await client.startLogin()))
    const { refreshToken: token } = (await storedTokens(on.store)) ?? {}
    usePlatform(platformOn(emulator, clock))
    return String(token)
  }

  test('is sent once; what replaces it is kept', async () => {
    const client = createClient({ flow: givenTo(await someRefreshToken()), ...on })
    for (let round = 0; round < 3; round++) {
      await client.getToken()
      nearExpiry()
    }
    expect(on.fetch.sent).toHaveLength(3)
    noReuse()
  })

  test('is not torn by an abort', async () => {
    const client = createClient({ flow: givenTo(await someRefreshToken()), ...on })
    const held = gate()
    on.fetch.before = () => held.opened
    const leaving = new AbortController()
    const left = rejection(client.getToken({ signal: leaving.signal }))
    await settled()
    leaving.abort('gone')
    expect(await left).toBe('gone')
    held.open()
    expect(await client.getToken()).toEqual(expect.any(String))
    noReuse()
  })

  test('that is refused needs a new login, with what IMS said as cause', async () => {
    const client = createClient({ flow: givenTo('never-issued'), ...on })
    const error = await rejection(client.getToken())
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', cause: { imsError: 'invalid_grant' } })
  })
})
