import { describe, expect, test, vi } from 'vitest'
import { createClient } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import {
  autoRedirect,
  day,
  everythingIn,
  hour,
  platformOn,
  publicFlow,
  rejection,
  serverFlow,
  settled,
  storedTokens,
} from '../setting.ts'
import {
  clock,
  emulator,
  fault,
  nearExpiry,
  on,
  serverClient,
  shortFlow,
  signedIn,
  usePlatform,
} from './emulated-session.ts'

describe('minValidity', () => {
  test('of a call: a token that expires sooner is renewed, one that lasts longer is not', async () => {
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

  test('accepts what another client obtained meanwhile', async () => {
    const [one, two] = [serverClient(), serverClient()]
    await one.getToken()
    await two.getToken()
    const fresh = await one.getToken({ force: true })
    expect(await two.getToken({ force: true })).toBe(fresh)
    expect(on.fetch.sent).toHaveLength(2)
  })

  test('does not return the token that it must skip, not even in an outage', async () => {
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

describe('a clock that is wrong (S100)', () => {
  test.each([day, -day])('by %s ms: the token is used as long as it lives, and the skew is an event', async (wrong) => {
    const [server, own] = [clock, fakeClock(clock.now() + wrong)]
    const client = serverClient({ clock: own })
    const old = await client.getToken()
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'clock-skew', skew: -wrong }))
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
    usePlatform(platformOn(emulator, own))
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
  usePlatform(platformOn(opaque, clock))
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
