import { describe, expect, test } from 'vitest'
import { createClient, type Json, type Lock, type LoginClient, noLock } from '../../../src/core/index.ts'
import { autoRedirect, everythingIn, gate, hour, publicFlow, rejection, settled, storedTokens } from '../setting.ts'
import {
  clock,
  emulator,
  fault,
  nearExpiry,
  noReuse,
  on,
  refuse,
  reset,
  sentTokens,
  serverClient,
  signedIn,
  types,
} from './emulated-session.ts'

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

  test('a refresh token that the flow cannot redeem stays unused, and is removed with the tokens', async () => {
    const client = serverClient()
    const token = await client.getToken()
    const [key = ''] = await on.store.keys('imskit/tokens/')
    await on.store.set(key, { accessToken: token, expiresAt: clock.now(), refreshToken: 'of another program' })
    client.close()
    const other = serverClient()
    expect(await other.getToken()).not.toBe(token)
    expect(sentTokens()).toEqual([null, null])
    expect(await on.store.keys('')).toEqual([key])
    await other.forget()
    expect(await on.store.keys('')).toEqual([])
  })

  test('then the flow’s own way', async () => {
    expect(await serverClient().getToken()).toEqual(expect.any(String))
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events.find(({ type }) => type === 'token')).toMatchObject({ source: 'issued' })
  })

  test('a user is never asked: LOGIN_REQUIRED, nothing sent and no redirect', async () => {
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
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'lock-wait', duration: 70 }))
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

  test('but no caller gets a token that is too short or that it must skip', async () => {
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
      reset()
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
