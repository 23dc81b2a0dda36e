import { describe, expect, test, vi } from 'vitest'
import { timedOut, withDeadline } from '../../../src/core/ims/deadline.ts'
import { createClient, systemClock } from '../../../src/core/index.ts'
import { stopwatch } from '../../../src/core/time.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { gate, rejection, serverFlow, settled } from '../setting.ts'
import { expire, hour, nearExpiry, world } from './signed-in.ts'

const it = world()

describe('a clock that was ahead and is put right', () => {
  test.each(['the same process', 'another process'])('does not make an expired token valid for %s', async (who) => {
    const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
    const right = it.clock.now()
    it.clock.set(right + hour)
    const old = await client.getToken()
    it.clock.set(right)
    const asked = who === 'the same process' ? client : createClient({ flow: serverFlow(it.emulator), ...it.on })
    expect(await asked.getToken()).not.toBe(old)
  })

  test('by less than another machine may differ: the token is used', async () => {
    const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
    const right = it.clock.now()
    it.clock.set(right + 30_000)
    const old = await client.getToken()
    it.clock.set(right)
    expect(await createClient({ flow: serverFlow(it.emulator), ...it.on }).getToken()).toBe(old)
  })
})

test('a lifetime counts from the sending of the request, not from the receipt of its answer', async () => {
  const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
  const held = gate()
  it.on.fetch.before = () => held.opened
  const sentAt = it.clock.now()
  const getting = client.getTokens()
  await vi.waitFor(() => expect(it.on.fetch.sent).toHaveLength(1))
  it.clock.set(sentAt + 20_000)
  held.open()
  const { expiresAt: expiry } = await getting
  expect(expiry).toBeLessThanOrEqual(sentAt + 24 * hour)
})

describe('the limit of a renewal', () => {
  test('an attempt that no longer fits is not started, and Retry-After is passed on', async () => {
    const client = await it.signedIn({ retry: { retries: 3 } })
    it.fault({ path: '/ims/token', status: 503, headers: { 'retry-after': '25' }, times: Number.POSITIVE_INFINITY })
    expire(it)
    const began = it.clock.now()
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'IMS_UNAVAILABLE', retryAfter: 25_000 })
    expect(it.clock.now() - began).toBeLessThan(20_000)
    expect(it.on.fetch.sent).toHaveLength(1)
    it.on.fetch.sent.length = 0
  })

  test('not even the first attempt is sent if the store took the time that it needs', async () => {
    const client = await it.signedIn({ timeout: 30_000 })
    expire(it)
    const slow = async (operation: string) => {
      if (operation !== 'delete') await it.clock.sleep(4_000)
    }
    it.on.store.before = slow
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ name: 'UnavailableError', code: 'TIMEOUT' })
    expect(it.on.fetch.sent).toEqual([])
  })

  test('short attempts are repeated as long as they fit', async () => {
    const client = await it.signedIn({ retry: { retries: 3 }, timeout: 5_000 })
    it.fault({ path: '/ims/token', status: 503, headers: { 'retry-after': '25' }, times: Number.POSITIVE_INFINITY })
    expire(it)
    await rejection(it.during(client.getToken()))
    expect(it.on.fetch.sent).toHaveLength(2)
    it.on.fetch.sent.length = 0
  })

  test('no attempt takes longer than 30 s, whatever timeout was asked for', async () => {
    const client = await it.signedIn({ timeout: 300_000 })
    it.on.fetch.before = () => new Promise(() => {})
    expire(it)
    const began = it.clock.now()
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'TIMEOUT' })
    expect(it.clock.now() - began).toBeLessThanOrEqual(31_000)
  })

  test('is measured by whichever clock says more', async () => {
    const clock = fakeClock()
    const elapsed = stopwatch(clock)
    await clock.advance(100)
    expect(elapsed()).toBe(100)
    clock.set(clock.now() + 5_000)
    expect(elapsed()).toBe(5_100)
    clock.set(clock.now() - hour)
    expect(elapsed()).toBe(100)
  })
})

describe('a deadline', () => {
  test('that fires late lets the answer in the socket win', async () => {
    const clock = fakeClock()
    const { opened, open } = gate()
    const answer = withDeadline({ clock, timeout: 1_000 }, async () => {
      await opened
      return 'answer'
    })
    // the process stood still: its timer rings long after its time
    clock.set(clock.now() + 60_000)
    await clock.advance(1_000)
    open()
    expect(await answer).toBe('answer')
  })

  test('that fires late ends a call without an answer soon after', async () => {
    const clock = fakeClock()
    const ended = rejection(withDeadline({ clock, timeout: 1_000 }, () => new Promise(() => {})))
    clock.set(clock.now() + 60_000)
    await clock.advance(1_000)
    await clock.advance(2_000)
    expect(await ended).toBe(timedOut)
  })
})

test('fifty calls with one signal leave one listener on it, and none once they have ended', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => void warnings.push(warning)
  process.on('warning', note)
  const { signal } = new AbortController()
  const { store, lock, fetch, endpoint } = it.on
  const calls = Array.from({ length: 50 }, (_, index) =>
    createClient({ flow: serverFlow(it.emulator), store, lock, fetch, endpoint, owner: String(index) }).getToken({
      signal,
    }),
  )
  await Promise.all(calls)
  await Promise.all(Array.from({ length: 50 }, () => systemClock.sleep(1, signal)))
  await settled()
  process.off('warning', note)
  expect(warnings.map(({ name }) => name)).not.toContain('MaxListenersExceededWarning')
})

test('close() is quiet: what it ends is not an error event', async () => {
  const client = await it.signedIn()
  nearExpiry(it, 11 * 60_000)
  it.on.fetch.before = () => new Promise(() => {})
  await client.getToken()
  await settled()
  expect(it.on.fetch.sent).toHaveLength(1)
  client.close()
  await settled()
  expect(it.on.events.filter(({ type }) => type === 'error')).toEqual([])
})
