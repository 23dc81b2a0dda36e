import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  ConfigurationError,
  createClient,
  type Json,
  type Lock,
  type LoginClient,
  memoryStore,
  noLock,
  refreshToken,
  type SilentFlow,
  type Tokens,
  UnavailableError,
} from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../../src/testing/index.ts'
import {
  autoRedirect,
  day,
  everythingIn,
  follow,
  freeHold,
  gate,
  hour,
  platformOn,
  publicFlow,
  rejection,
  serverFlow,
  settled,
  storedTokens,
  type WatchedPlatform,
} from '../setting.ts'

let emulator: Emulator
let clock: FakeClock
let on: WatchedPlatform
let cleanUp: (() => void)[] = []

beforeAll(async () => {
  emulator = await createEmulator({
    now: () => clock.now(),
    autoLogin: 'user@example.com',
    clients: [
      {
        clientId: 'short',
        clientSecrets: ['short-secret'],
        technicalAccountId: 'S@techacct.adobe.com',
        accessTokenLifetime: 60_000,
      },
    ],
  })
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
const refuse = (error: string, status = 400) => fault({ path: '/ims/token', status, body: { error } })
const serverClient = (more: object = {}) => createClient({ flow: serverFlow(emulator), ...on, ...more })
const shortFlow = () =>
  serverFlow({
    contexts: {
      ...emulator.contexts,
      oauth_server_to_server: {
        ...emulator.contexts.oauth_server_to_server,
        client_id: 'short',
        client_secrets: ['short-secret'],
      },
    },
  })

/** A client whose person has signed in, with nothing counted yet. */
async function signedIn(more: object = {}): Promise<LoginClient> {
  const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator), ...more })
  await client.login()
  on.fetch.sent.length = 0
  on.lock.taken = 0
  on.events.length = 0
  return client
}
const types = () => on.events.map(({ type }) => type)
const sentTokens = () => on.fetch.sent.map(({ init }) => new URLSearchParams(String(init.body)).get('refresh_token'))
/** Every refresh token is worth one request: whoever sends one twice has lost the session. */
const noReuse = () => {
  const sent = sentTokens().filter((token) => token !== null)
  expect(new Set(sent).size).toBe(sent.length)
}
const nearExpiry = (left = 5 * 60_000) => clock.set(clock.now() + day - left)

describe('the order', () => {
  test('a stored token that is valid long enough is returned without request and lock', async () => {
    const token = await serverClient().getToken()
    const [sent, taken] = [on.fetch.sent.length, on.lock.taken]
    expect(await serverClient().getToken()).toBe(token)
    expect([on.fetch.sent.length, on.lock.taken]).toEqual([sent, taken])
  })

  test('then the refresh token', async () => {
    const client = await signedIn()
    const before = await client.getToken()
    nearExpiry()
    expect(await client.getToken()).not.toBe(before)
    expect(sentTokens()).toEqual([expect.any(String)])
    expect(on.events.find(({ type }) => type === 'token')).toMatchObject({ source: 'refreshed' })
  })

  test('then the flow’s own way', async () => {
    expect(await serverClient().getToken()).toEqual(expect.any(String))
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events.find(({ type }) => type === 'token')).toMatchObject({ source: 'issued' })
  })

  test('a person is never asked: LOGIN_REQUIRED, with nothing sent and nobody redirected', async () => {
    const redirect = autoRedirect(emulator)
    const client = createClient({ flow: publicFlow(emulator), ...on, redirect })
    expect(await rejection(client.getToken())).toMatchObject({ name: 'LoginRequiredError', code: 'LOGIN_REQUIRED' })
    expect([on.fetch.sent.length, redirect.begun]).toEqual([0, 0])
  })

  test('after the lock it looks again and takes what the winner stored', async () => {
    const winner = await serverClient().getToken()
    const entries = await everythingIn(on.store)
    for (const key of Object.keys(entries)) await on.store.delete(key)
    on.events.length = 0
    const lock: Lock = async (name, task, signal) => {
      for (const [key, value] of Object.entries(entries)) await on.store.set(key, value as Json)
      return on.lock(name, task, signal)
    }
    expect(await serverClient({ lock }).getToken()).toBe(winner)
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events.find(({ type }) => type === 'token')).toMatchObject({ source: 'adopted' })
  })

  test('what a lock runs twice is done once', async () => {
    const lock: Lock = async (name, task, signal) => {
      await on.lock(name, task, signal)
      return on.lock(name, task, signal)
    }
    await serverClient({ lock }).getToken()
    expect(types().filter((type) => type === 'token')).toHaveLength(1)
  })

  test('waiting for the lock is an event', async () => {
    const lock: Lock = async (name, task, signal) => {
      clock.set(clock.now() + 70)
      return on.lock(name, task, signal)
    }
    await serverClient({ lock }).getToken()
    expect(on.events).toContainEqual({ type: 'lock-wait', duration: 70 })
  })
})

describe('one request', () => {
  test('for any number of concurrent callers', async () => {
    const client = serverClient()
    const tokens = await Promise.all(Array.from({ length: 100 }, () => client.getToken()))
    expect(new Set(tokens).size).toBe(1)
    expect([on.fetch.sent.length, on.lock.taken]).toEqual([1, 1])
  })

  test('for callers who want different validities', async () => {
    const client = serverClient()
    await Promise.all([undefined, 0, 1000, hour].map((minValidity) => client.getToken({ minValidity })))
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('but nobody is given less than they asked for, nor what they told to skip', async () => {
    const client = serverClient()
    const old = await client.getToken()
    const [key = ''] = await on.store.keys('')
    nearExpiry()
    const held = gate()
    const holder = on.lock(key, () => held.opened)
    const [short, long] = [client.getToken(), client.getToken({ minValidity: 2 * hour })]
    await settled()
    await on.store.set(key, { accessToken: 'winner', expiresAt: clock.now() + hour })
    held.open()
    await holder
    expect(await short).toBe('winner')
    expect(await long).not.toMatch(/^winner$/)
    nearExpiry()
    const last = (await storedTokens(on.store))?.accessToken
    fault({ path: '/ims/token', drop: 'before', times: 2 })
    const [any, fresh] = [client.getToken(), rejection(client.getToken({ force: true }))]
    expect(await any).toBe(last)
    expect(await fresh).toMatchObject({ code: 'NETWORK_FAILED' })
    expect(last).not.toBe(old)
  })

  test('for clients that share store and lock, as processes and tabs do', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => serverClient().getToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('per caller where promises must not be shared, and one in all with a lock', async () => {
    const apart = serverClient({ sharing: false, lock: noLock })
    await Promise.all([apart.getToken(), apart.getToken()])
    expect(on.fetch.sent).toHaveLength(2)
    await apart.forget()
    const locked = serverClient({ sharing: false })
    await Promise.all([locked.getToken(), locked.getToken()])
    expect(on.fetch.sent).toHaveLength(3)
    expect(on.lock.taken).toBe(2)
  })

  test('fails for all who wait for it; a refusal is remembered for ten seconds, then the next call tries again', async () => {
    refuse('invalid_scope')
    const client = serverClient()
    const errors = await Promise.all([rejection(client.getToken()), rejection(client.getToken())])
    expect(errors).toEqual([expect.objectContaining({ imsError: 'invalid_scope' }), errors[0]])
    for (const options of [{}, { force: true }]) expect(await rejection(client.getToken(options))).toBe(errors[0])
    await clock.advance(9_999)
    expect(await rejection(client.getToken())).toBe(errors[0])
    expect(on.fetch.sent).toHaveLength(1)
    await clock.advance(1)
    expect(await client.getToken()).toEqual(expect.any(String))
  })
})

describe('abort', () => {
  test('of one caller does not fail the others; the reason comes back untouched', async () => {
    const held = gate()
    on.fetch.before = () => held.opened
    const client = serverClient()
    const leaving = new AbortController()
    const [left, stayed] = [rejection(client.getToken({ signal: leaving.signal })), client.getToken()]
    await settled()
    const reason = { mine: true }
    leaving.abort(reason)
    expect(await left).toBe(reason)
    held.open()
    expect(await stayed).toEqual(expect.any(String))
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('of all callers ends the request, and the next call works', async () => {
    on.fetch.before = (_, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const client = serverClient()
    const leaving = [new AbortController(), new AbortController()]
    const left = leaving.map(({ signal }) => rejection(client.getToken({ signal })))
    await settled()
    const signal = on.fetch.sent[0]?.init.signal
    leaving[0]?.abort('first')
    expect(await left[0]).toBe('first')
    expect(signal?.aborted).toBe(false)
    leaving[1]?.abort('second')
    expect(await left[1]).toBe('second')
    expect(signal?.aborted).toBe(true)
    on.fetch.before = () => undefined
    expect(await client.getToken()).toEqual(expect.any(String))
  })

  test('before the call touches nothing', async () => {
    const reason = new Error('mine')
    expect(await rejection(serverClient().getToken({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect([on.store.counts.get, on.lock.taken, on.fetch.sent.length]).toEqual([0, 0, 0])
  })

  test('of everyone before the refresh is sent: it is not sent', async () => {
    const client = await signedIn()
    nearExpiry()
    const leaving = new AbortController()
    let reads = 0
    on.store.before = (operation) => {
      if (operation === 'get' && ++reads === 2) leaving.abort('gone')
    }
    expect(await rejection(client.getToken({ signal: leaving.signal }))).toBe('gone')
    await settled()
    expect([reads, on.fetch.sent.length]).toEqual([2, 0])
  })

  test('of everyone does not tear a refresh in flight: a rotated refresh token is stored', async () => {
    const client = await signedIn()
    nearExpiry()
    const held = gate()
    on.fetch.before = () => held.opened
    const leaving = new AbortController()
    const left = rejection(client.getToken({ signal: leaving.signal }))
    await settled()
    expect(on.fetch.sent).toHaveLength(1)
    leaving.abort('gone')
    expect(await left).toBe('gone')
    const next = client.getToken()
    held.open()
    expect((await storedTokens(on.store))?.accessToken).not.toBe(await next)
    await next
    expect((await storedTokens(on.store))?.accessToken).toBe(await next)
    expect(on.fetch.sent).toHaveLength(1)
  })

  // every store, lock and fetch operation of a call, before and after: abort there and see what is left
  const cases: [string, () => Promise<{ getToken: LoginClient['getToken'] }>][] = [
    ['client credentials', async () => serverClient()],
    [
      'a refresh',
      async () => {
        const client = await signedIn()
        nearExpiry()
        return client
      },
    ],
  ]
  test.each(cases)('at every step of %s leaves the store consistent and the next call working', async (_, prepare) => {
    let steps = Number.POSITIVE_INFINITY
    for (let at = 0; at < steps; at++) {
      clock = fakeClock()
      on = platformOn(emulator, clock)
      let step = 0
      const leaving = new AbortController()
      const count = () => {
        if (step++ === at) leaving.abort('here')
      }
      const around = async <T>(work: () => Promise<T>): Promise<T> => {
        count()
        const result = await work()
        count()
        return result
      }
      const inner = { ...on.store }
      const client = await prepare()
      on.store.get = (key) => around(() => inner.get(key))
      on.store.set = (key, value, expiresAt) => around(() => inner.set(key, value, expiresAt))
      on.fetch.before = () => around(settled)
      const work = client.getToken({ signal: leaving.signal })
      const outcome = await work.then(
        () => 'done',
        (reason: unknown) => reason,
      )
      if (leaving.signal.aborted) expect(outcome).toBe('here')
      else steps = at
      on.fetch.before = () => undefined
      Object.assign(on.store, inner)
      const token = await client.getToken()
      const stored = await storedTokens(on.store)
      expect(stored?.accessToken).toBe(token)
      if (stored?.refreshToken !== undefined) noReuse()
    }
    expect(steps).toBeGreaterThan(5)
  })
})

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
    '%s after expiry deletes nothing, asks nobody and fails as what it is',
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
  test.each(notRefused)('%s is no refusal of the refresh token: nothing is forgotten (S41)', async (_, answer) => {
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

  test('not where a person would be needed', async () => {
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

describe('minValidity', () => {
  test('of a call: a token that ends sooner is renewed, one that lasts longer is not', async () => {
    const client = serverClient()
    const old = await client.getToken()
    nearExpiry(2 * hour)
    expect(await client.getToken({ minValidity: hour })).toBe(old)
    expect(await client.getToken({ minValidity: 3 * hour })).not.toBe(old)
  })

  test('of 0 uses a token to its end', async () => {
    const client = serverClient({ minValidity: 0 })
    const old = await client.getToken()
    const { expiresAt: expiry } = await client.getTokens()
    clock.set(expiry - 1)
    expect(await client.getToken()).toBe(old)
    clock.set(expiry)
    expect(await client.getToken()).not.toBe(old)
  })

  test('is ten minutes by default', async () => {
    const client = serverClient()
    const old = await client.getToken()
    const { expiresAt: expiry } = await client.getTokens()
    clock.set(expiry - 600_001)
    fault({ path: '/ims/token', status: 500 })
    expect(await client.getToken()).toBe(old)
    await settled()
    clock.set(expiry - 600_000)
    expect(await client.getToken()).not.toBe(old)
  })

  test('of a client', async () => {
    const client = serverClient({ minValidity: 3 * hour })
    const old = await client.getToken()
    nearExpiry(2.9 * hour)
    expect(await client.getToken()).not.toBe(old)
  })

  test('does not make a token useless that lives shorter: it serves for half of its life', async () => {
    const waitUntil = vi.fn()
    const client = createClient({ flow: shortFlow(), ...on, waitUntil })
    const old = await client.getToken()
    for (const seconds of [0, 10, 20, 29]) {
      clock.set(Date.UTC(2026, 0, 1) + seconds * 1000)
      expect(await client.getToken()).toBe(old)
    }
    for (const [work] of waitUntil.mock.calls) await work
    clock.set(Date.UTC(2026, 0, 1) + 31_000)
    expect(await client.getToken()).not.toBe(old)
    expect(on.fetch.sent).toHaveLength(2)
  })

  test.each([-1, Number.NaN, '600', null])('of %s is a clear error before anything happens', async (minValidity) => {
    const error = await rejection(serverClient().getToken({ minValidity: minValidity as number }))
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('minValidity') })
    expect([on.store.counts.get, on.fetch.sent.length]).toEqual([0, 0])
  })
})

describe('force', () => {
  test('skips the stored token; concurrent ones share one request', async () => {
    const client = serverClient()
    const old = await client.getToken()
    const fresh = await Promise.all([client.getToken({ force: true }), client.getToken({ force: true })])
    expect(fresh[0]).not.toBe(old)
    expect(fresh[1]).toBe(fresh[0])
    expect(on.fetch.sent).toHaveLength(2)
    expect(await client.getToken()).toBe(fresh[0])
  })

  test('is content with what someone else obtained meanwhile', async () => {
    const [one, two] = [serverClient(), serverClient()]
    await one.getToken()
    await two.getToken()
    const fresh = await one.getToken({ force: true })
    expect(await two.getToken({ force: true })).toBe(fresh)
    expect(on.fetch.sent).toHaveLength(2)
  })

  test('does not return the token it was told to skip, not even in an outage', async () => {
    const client = serverClient()
    await client.getToken()
    const before = await everythingIn(on.store)
    fault({ path: '/ims/token', drop: 'before' })
    expect(await rejection(client.getToken({ force: true }))).toMatchObject({ code: 'NETWORK_FAILED' })
    expect(await everythingIn(on.store)).toEqual(before)
  })
})

describe('warm calls', () => {
  test('do no I/O and take no lock', async () => {
    const client = serverClient()
    const token = await client.getToken()
    const before = [{ ...on.store.counts }, on.lock.taken, on.fetch.sent.length]
    for (let call = 0; call < 100; call++) {
      expect(await client.getToken()).toBe(token)
      expect(await client.getToken({ minValidity: hour })).toBe(token)
      expect((await client.getTokens()).accessToken).toBe(token)
    }
    expect([on.store.counts, on.lock.taken, on.fetch.sent.length]).toEqual(before)
  })

  test('see a change made elsewhere when the token in memory nears its end, without a request', async () => {
    const [one, two] = [serverClient(), serverClient()]
    await one.getToken()
    await two.getToken()
    clock.set(clock.now() + hour)
    const changed = await one.getToken({ force: true })
    expect(await two.getToken()).not.toBe(changed)
    clock.set(clock.now() + 22.9 * hour)
    expect(await two.getToken()).toBe(changed)
    expect(on.fetch.sent).toHaveLength(2)
  })
})

describe('a store that fails', () => {
  const failures: [string, () => unknown][] = [
    ['with STORE_FAILED', () => new UnavailableError('STORE_FAILED', 'the disk is gone')],
    ['with an error of its own', () => new TypeError('secret-looking text of a foreign error')],
  ]
  test.each(failures)('to read, %s, is an event; the token is obtained', async (_, failure) => {
    on.store.before = (operation) => {
      if (operation === 'get') throw failure()
    }
    const client = serverClient()
    const token = await client.getToken()
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'reading the store' }))
    expect(JSON.stringify(on.events)).not.toContain('secret-looking')
    expect(await client.getToken()).toBe(token)
    expect(on.fetch.sent).toHaveLength(1)
  })

  test.each(failures)('to write, %s, is an event; the token is obtained and kept in memory', async (_, failure) => {
    on.store.before = (operation) => {
      if (operation === 'set') throw failure()
    }
    const client = serverClient()
    const token = await client.getToken()
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'writing the store' }))
    expect(await client.getToken()).toBe(token)
    expect(on.fetch.sent).toHaveLength(1)
  })

  test.each(['get', 'set'] as const)('at %s does not lose the refresh token in memory', async (broken) => {
    const client = await signedIn()
    on.store.before = (operation) => {
      if (operation === broken) throw new UnavailableError('STORE_FAILED', 'the disk is gone')
    }
    nearExpiry()
    for (let round = 0; round < 3; round++) expect(await client.getToken()).toEqual(expect.any(String))
    clock.set(clock.now() + hour)
    for (const options of [{}, { force: true }])
      expect(await rejection(client.getToken(options))).toMatchObject({
        name: 'UnavailableError',
        code: 'STORE_FAILED',
      })
    expect(on.fetch.sent).toHaveLength(0)
    on.store.before = () => undefined
    const token = await client.getToken()
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    noReuse()
  })

  test.each([
    ['get', 0],
    ['set', 1],
  ] as const)('at %s because of what a person must repair is not passed over', async (broken, sent) => {
    const error = new ConfigurationError('CONFIG_UNREADABLE', '.aio is no JSON; repair it')
    on.store.before = (operation) => {
      if (operation === broken) throw error
    }
    expect(await rejection(serverClient().getToken())).toBe(error)
    expect(on.fetch.sent).toHaveLength(sent)
  })

  test.each(['get', 'set'] as const)(
    'at %s and recovers is believed again when it says that all is gone',
    async (broken) => {
      const client = await signedIn()
      on.store.before = (operation) => {
        if (operation === broken) throw new UnavailableError('STORE_FAILED', 'the disk is gone')
      }
      nearExpiry()
      await client.getToken()
      on.store.before = () => undefined
      nearExpiry()
      await client.getToken()
      await createClient({ flow: publicFlow(emulator), ...on }).forget()
      nearExpiry()
      expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    },
  )

  test('to forget says so', async () => {
    const client = await signedIn()
    on.store.before = (operation) => {
      if (operation === 'delete') throw new UnavailableError('STORE_FAILED', 'read-only')
    }
    expect(await rejection(client.forget())).toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('a lock that fails', () => {
  const reasons: [string, unknown][] = [
    ['with STORE_FAILED', new UnavailableError('STORE_FAILED', 'no lock file')],
    ['with an error of its own', new TypeError('locks are denied here')],
  ]
  test.each(reasons)('to be taken, %s, is an event; the token is obtained', async (_, reason) => {
    const client = serverClient({ lock: () => Promise.reject(reason) })
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'locking' }))
  })

  test.each(reasons)('to be released, %s, is an event; the token is obtained, once', async (_, reason) => {
    const lock: Lock = async (_name, task) => {
      await task(freeHold)
      throw reason
    }
    const client = serverClient({ lock })
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'locking' }))
  })

  test('because of what a person must repair is not passed over', async () => {
    const error = new ConfigurationError('CONFIG_UNREADABLE', 'the directory is read-only')
    expect(await rejection(serverClient({ lock: () => Promise.reject(error) }).getToken())).toBe(error)
    expect(on.fetch.sent).toHaveLength(0)
  })

  test('to run its task once runs it once', async () => {
    const lock: Lock = async (_name, task) => {
      await task(freeHold)
      return task(freeHold)
    }
    await serverClient({ lock }).getToken()
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('passes a failure of the work on as it is, without an event about locks', async () => {
    refuse('invalid_scope')
    expect(await rejection(serverClient().getToken())).toMatchObject({ imsError: 'invalid_scope' })
    expect(types()).not.toContain('error')
  })
})

describe('what is stored may have been written by anyone (S98)', () => {
  const hostile: Json[] = [
    'text',
    '',
    0,
    true,
    null,
    [],
    [{ accessToken: 'evil', expiresAt: 9e15 }],
    {},
    { accessToken: 'evil' },
    { accessToken: 'evil', expiresAt: '9999999999999' },
    { accessToken: 'evil', expiresAt: null },
    { accessToken: ['evil'], expiresAt: 9e15 },
    { accessToken: '', expiresAt: 9e15 },
    { accessToken: { toString: 'evil' }, expiresAt: 9e15 },
    { accessToken: 'evil', expiresAt: 1, obtainedAt: 9e15 },
    { accessToken: 'evil', expiresAt: 1, obtainedAt: -9e15 },
    JSON.parse('{"__proto__":{"accessToken":"evil","expiresAt":9000000000000000}}'),
    JSON.parse('{"constructor":{"prototype":{"accessToken":"evil","expiresAt":9000000000000000}}}'),
    { accessToken: 'evil', expiresAt: 0, refreshToken: { evil: true } },
  ]
  test.each(hostile.map((value) => [JSON.stringify(value), value] as const))('%s is ignored', async (_, value) => {
    await serverClient().getToken()
    const [key = ''] = await on.store.keys('')
    await on.store.set(key, value)
    const token = await serverClient().getToken()
    expect(token).not.toBe('evil')
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    expect(({} as { accessToken?: unknown }).accessToken).toBeUndefined()
  })

  test('any JSON at all: a token comes, and Object.prototype stays clean (S98)', async () => {
    await serverClient().getToken()
    const [key = ''] = await on.store.keys('')
    const field = fc.constantFrom(
      'accessToken',
      'expiresAt',
      'obtainedAt',
      'refreshToken',
      'scopes',
      'claims',
      '__proto__',
    )
    const stored = fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue()))
    const keys = Reflect.ownKeys(Object.prototype).length
    await fc.assert(
      fc.asyncProperty(stored, async (value) => {
        await on.store.set(key, value as Json)
        const client = serverClient({ fetch: async () => Response.json({ access_token: 'good', expires_in: 86_400 }) })
        const { accessToken: token, scopes } = await client.getTokens()
        expect(typeof token).toBe('string')
        expect(scopes === undefined || scopes.every((scope) => typeof scope === 'string')).toBe(true)
        expect(Reflect.ownKeys(Object.prototype).length).toBe(keys)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a clock that is wrong (S100)', () => {
  test.each([day, -day])('by %s ms: the token is used as long as it lives, and the skew is an event', async (wrong) => {
    const [server, own] = [clock, fakeClock(clock.now() + wrong)]
    const client = serverClient({ clock: own })
    const old = await client.getToken()
    expect(on.events).toContainEqual({ type: 'clock-skew', skew: -wrong })
    for (const hours of [10, 23.7]) {
      server.set(Date.UTC(2026, 0, 1) + hours * hour)
      own.set(Date.UTC(2026, 0, 1) + wrong + hours * hour)
      expect(await client.getToken()).toBe(old)
    }
    server.set(Date.UTC(2026, 0, 1) + 23.9 * hour)
    own.set(Date.UTC(2026, 0, 1) + wrong + 23.9 * hour)
    expect(await client.getToken()).not.toBe(old)
  })

  test.each([day, -day])('by %s ms: claims count from the server’s time', async (wrong) => {
    const own = fakeClock(clock.now() + wrong)
    const source = createClient({ flow: serverFlow(emulator), ...platformOn(emulator, clock) })
    const token = await source.getToken()
    fault({ path: '/ims/token', body: { access_token: token, token_type: 'bearer' } })
    const { expiresAt: expiry } = await serverClient({ clock: own }).getTokens()
    expect(Math.abs(expiry - (own.now() + day))).toBeLessThan(2_000)
  })

  test.each([day, -day])('by %s ms: a refresh token is not taken for expired', async (wrong) => {
    const own = fakeClock(clock.now() + wrong)
    on = platformOn(emulator, own)
    const client = await signedIn()
    const { refreshExpiresAt } = (await storedTokens(on.store)) ?? {}
    expect(Math.abs(Number(refreshExpiresAt) - (own.now() + 14 * day))).toBeLessThan(2_000)
    own.set(own.now() + day)
    clock.set(clock.now() + day)
    expect(await client.getToken()).toEqual(expect.any(String))
  })
})

describe('expires_in', () => {
  const answer = (expires_in: unknown) => {
    const body = { access_token: 'opaque', token_type: 'bearer', expires_in }
    return serverClient({
      fetch: async () => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } }),
    })
  }
  const remaining = async (expires_in: unknown) => (await answer(expires_in).getTokens()).expiresAt - clock.now()

  test('is seconds at the token endpoint (S37)', async () => {
    expect(await remaining(3600)).toBe(hour)
  })
  test('may be text', async () => {
    expect(await remaining('3600')).toBe(hour)
  })
  test('absent, of an opaque token: a short life is assumed, and the token is used', async () => {
    expect(await remaining(undefined)).toBe(600_000)
  })
  test.each([1e9, 1e15, 1e300, Number.MAX_VALUE])('huge (%s) is cut to a year', async (seconds) => {
    expect(await remaining(seconds)).toBe(366 * day)
  })
  test.each([0, -1, '-5', '0', 'soon', '', true, {}, [], 'NaN', 'Infinity'])(
    'of %j is a malformed answer, and nothing is stored',
    async (expires_in) => {
      expect(await rejection(answer(expires_in).getToken())).toMatchObject({ code: 'IMS_MALFORMED' })
      expect(await on.store.keys('')).toEqual([])
    },
  )
})

test('opaque tokens do through the whole session (S86)', async () => {
  const opaque = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com', opaqueTokens: true })
  on = platformOn(opaque, clock)
  const flow = publicFlow(opaque, { scopes: ['AdobeID', 'offline_access'] })
  const client = createClient({ flow, ...on, redirect: autoRedirect(opaque), allowedOrigins: [opaque.url] })
  const first = await client.login()
  expect(first).not.toMatch(/^eyJ/)
  const { expiresAt: expiry, scopes } = await client.getTokens()
  expect(Math.abs(expiry - clock.now() - day)).toBeLessThan(2_000)
  expect(scopes).toBeUndefined()
  nearExpiry()
  const second = await client.getToken()
  expect(second).not.toBe(first)
  expect((await client.fetch(`${opaque.url}/api/echo`)).status).toBe(200)
  await client.invalidate()
  expect(await on.store.keys('')).toEqual([])
  const server = createClient({ flow: serverFlow(opaque), ...on })
  expect(await server.getToken()).not.toMatch(/^eyJ/)
})

describe('forgetting', () => {
  test('empties memory and store', async () => {
    const client = await signedIn()
    await client.forget()
    expect(await on.store.keys('')).toEqual([])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(on.fetch.sent).toHaveLength(0)
  })

  test.each(['forget', 'invalidate', 'logout'] as const)(
    'by %s during a refresh in flight does not bring the session back',
    async (way) => {
      const client = await signedIn()
      nearExpiry()
      const held = gate()
      on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
      const refreshing = client.getToken()
      await settled()
      expect(on.fetch.sent).toHaveLength(1)
      const leaving = client[way]()
      const late = rejection(client.getToken())
      await settled()
      held.open()
      expect(await rejection(refreshing)).toMatchObject({ code: 'LOGIN_REQUIRED' })
      await leaving
      expect(await on.store.keys('')).toEqual([])
      expect(await late).toMatchObject({ code: 'LOGIN_REQUIRED' })
      expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    },
  )

  test('while a call waits for the lock does not bring the session back (S46)', async () => {
    const client = await signedIn()
    const [name = ''] = await on.store.keys('')
    nearExpiry()
    const held = gate()
    const holder = on.lock(name, () => held.opened)
    const waiting = client.getToken().catch(() => {})
    await settled()
    const leaving = client.forget()
    held.open()
    await Promise.all([holder, waiting, leaving])
    expect(await on.store.keys('')).toEqual([])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('while a forced call waits for the lock does not bring back what another client stored', async () => {
    const [client, other] = [await signedIn(), createClient({ flow: publicFlow(emulator), ...on })]
    const [name = ''] = await on.store.keys('')
    await other.getToken({ force: true })
    const held = gate()
    const holder = on.lock(name, () => held.opened)
    const waiting = client.getToken({ force: true })
    await settled()
    const leaving = client.forget()
    held.open()
    await Promise.all([holder, waiting, leaving])
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test.each(['refused', 'answered'])('without a lock, during a refresh that is %s later, holds too', async (end) => {
    const client = await signedIn({ lock: noLock })
    nearExpiry()
    const held = gate()
    on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const refreshing = client.getToken().catch(() => {})
    await settled()
    if (end === 'refused') refuse('invalid_grant')
    await client.forget()
    held.open()
    await refreshing
    expect(await on.store.keys('')).toEqual([])
  })

  test('without a lock a login during a refresh in flight wins over it too', async () => {
    const client = await signedIn({ lock: noLock })
    nearExpiry()
    const held = gate()
    on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const refreshing = client.getToken()
    await settled()
    const token = await client.login()
    held.open()
    await refreshing
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    expect(await client.getToken()).toBe(token)
  })

  test('while a call reads the store does not bring the session back', async () => {
    await signedIn()
    const client = createClient({ flow: publicFlow(emulator), ...on })
    const held = gate()
    const { get } = on.store
    on.store.get = async (key) => {
      const found = await get(key)
      await held.opened
      return found
    }
    const reading = client.getToken()
    await settled()
    on.store.get = get
    await client.forget()
    held.open()
    await reading
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('a login during a refresh in flight wins over it', async () => {
    const client = await signedIn()
    nearExpiry()
    const held = gate()
    on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const refreshing = client.getToken()
    await settled()
    const login = client.login()
    await settled()
    held.open()
    const [refreshed, token] = await Promise.all([refreshing, login])
    expect(refreshed).toBe(token)
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    expect(await client.getToken()).toBe(token)
  })
})

describe('close', () => {
  test('ends what is under way and refuses what comes, warm or not', async () => {
    const client = serverClient()
    on.fetch.before = (_, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const waiting = rejection(client.getToken())
    await settled()
    client.close()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
    expect(on.fetch.sent[0]?.init.signal?.aborted).toBe(true)
    on.fetch.before = () => undefined
    const warm = serverClient()
    await warm.getToken()
    warm.close()
    warm.close()
    for (const closed of [client, warm])
      expect(await rejection(closed.getToken())).toMatchObject({ name: 'AbortError' })
  })

  test('leaves the stored tokens to others', async () => {
    const client = serverClient()
    const token = await client.getToken()
    client.close()
    expect(await serverClient().getToken()).toBe(token)
  })
})

describe('a refresh token to begin with', () => {
  const givenTo = (token: string): SilentFlow =>
    refreshToken({ clientId: emulator.contexts.oauth_public.client_id, refreshToken: token })
  const someRefreshToken = async () => {
    const client = createClient({ flow: publicFlow(emulator), ...on })
    await client.finishLogin(await follow(emulator, await client.startLogin()))
    const { refreshToken: token } = (await storedTokens(on.store)) ?? {}
    on = platformOn(emulator, clock)
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
