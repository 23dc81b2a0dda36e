import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { webLock } from '../../../src/adapters/browser/storage/lock-web.ts'
import { fileLock } from '../../../src/adapters/node/files/lock-file.ts'
import { type DurableNamespace, type DurableStorage, durableLock, ImsLock } from '../../../src/adapters/worker/index.ts'
import { isolateLock } from '../../../src/adapters/worker/isolate/lock-isolate.ts'
import { createClient, type Lock, memoryStore, processLock, redisLock, refreshToken } from '../../../src/core/index.ts'
import {
  attemptLimit,
  lockWait,
  lockWaitWithToken,
  renewalLimit,
  rereadDelay,
  signOutWait,
} from '../../../src/core/session/times.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { gate, rejection } from '../setting.ts'

// the times of renewals, leases and waits fit together, whatever the options are

const shortestLease = 10_000
const second = 1_000

describe('the limits', () => {
  test('leave room for an attempt in a renewal, and for a renewal in a wait', () => {
    expect(attemptLimit).toBeLessThan(renewalLimit)
    expect(rereadDelay).toBeLessThan(renewalLimit - attemptLimit)
    expect(renewalLimit + shortestLease).toBeLessThanOrEqual(lockWait)
  })

  test('are shorter for a caller that needs no renewal', () => {
    expect(signOutWait).toBeLessThan(lockWaitWithToken)
    expect(lockWaitWithToken).toBeLessThan(lockWait)
  })
})

/** A Redis whose locks are held by another process, or by none. */
const redis = (held: boolean) => ({ status: 'ready', eval: async (): Promise<number> => (held ? 0 : 1) })

/** The Durable Objects of one script, in this process. */
function durableObjects(): DurableNamespace<string> {
  const objects = new Map<string, ImsLock>()
  const makeStorage = (): DurableStorage => {
    const entries = new Map<string, unknown>()
    let alarm: number | null = null
    const storage = {
      get: async (key: string) => entries.get(key),
      put: async (key: string, value: unknown) => void entries.set(key, structuredClone(value)),
      delete: async (key: string) => entries.delete(key),
      list: async ({ prefix }: { prefix: string }) => new Map([...entries].filter(([key]) => key.startsWith(prefix))),
      getAlarm: async () => alarm,
      setAlarm: async (at: number) => {
        alarm = at
      },
    }
    return storage as DurableStorage
  }
  return {
    idFromName: (name) => name,
    get: (id) => ({
      async fetch(url, init) {
        const object = objects.get(id) ?? new ImsLock({ storage: makeStorage() })
        objects.set(id, object)
        return object.fetch(new Request(url, init))
      },
    }),
  }
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'imskit-times-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Every lock that a holder can lose, with the shortest lease that it may have. */
const leased: Record<string, { shortest: number; make: (lease: number | undefined) => Lock }> = {
  fileLock: { shortest: shortestLease, make: (lease) => fileLock({ directory: temporaryDirectory(), lease }) },
  webLock: { shortest: 45_000, make: (lease) => webLock({ lease }) },
  durableLock: { shortest: shortestLease, make: (lease) => durableLock(durableObjects(), { lease }) },
  redisLock: { shortest: shortestLease, make: (lease) => redisLock(redis(false), { lease }) },
}

const leases = [
  undefined,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  -1,
  0,
  1,
  9_999,
  10_000,
  44_999,
  45_000,
  60_000,
  600_000,
  2 ** 31 - 1,
  2 ** 31,
  Number.POSITIVE_INFINITY,
]

describe.each(Object.entries(leased))('%s', (_, { shortest, make }) => {
  test.each(leases)('with a lease of %s refuses it, or says a lease that a living holder can keep', (lease) => {
    let lock: Lock | undefined
    try {
      lock = make(lease)
    } catch (error) {
      expect(lease).toBeDefined()
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'BAD_OPTION' })
      return
    }
    expect(lock.lease).toBeGreaterThanOrEqual(shortest)
    // what a timer can hold: a lease is extended by timers
    expect(lock.lease).toBeLessThan(2 ** 31)
    if (lease !== undefined && lease >= shortest && lease < 2 ** 31) expect(lock.lease).toBe(lease)
  })
})

/** Every lock whose holder lives on in this process, or in another one. */
const held: Record<string, (lease: number | undefined) => { lock: Lock; hold: boolean }> = {
  processLock: () => ({ lock: processLock(), hold: true }),
  isolateLock: () => ({ lock: isolateLock(), hold: true }),
  fileLock: (lease) => ({ lock: fileLock({ directory: temporaryDirectory(), lease }), hold: true }),
  durableLock: (lease) => ({ lock: durableLock(durableObjects(), { lease }), hold: true }),
  redisLock: (lease) => ({ lock: redisLock(redis(true), { lease }), hold: false }),
}

describe('a waiter', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const cases = Object.keys(held).flatMap((name) => [undefined, 60_000].map((lease) => [name, lease] as const))

  test.each(cases)('of %s with a lease of %s outlasts a lease and a whole renewal', async (name, lease) => {
    const { lock, hold } = held[name]?.(lease) ?? { lock: processLock(), hold: true }
    const done = gate()
    const entered = gate()
    const holder = hold
      ? lock('name', async () => {
          entered.open()
          await done.opened
        })
      : entered.open()
    await entered.opened
    const leaving = new AbortController()
    let outcome: unknown = 'still waiting'
    const task = vi.fn(async () => {})
    const waiter = rejection(lock('name', task, leaving.signal)).then((error) => {
      outcome = error
    })
    await vi.advanceTimersByTimeAsync(Math.max(lockWait, (lease ?? 0) + renewalLimit) - second)
    expect(outcome).toBe('still waiting')
    expect(task).not.toHaveBeenCalled()
    leaving.abort('test is over')
    await waiter
    expect(outcome).toBe('test is over')
    done.open()
    await holder
  })
})

/** A lock that nobody gets. */
function lockOfOthers(lease: number | undefined): Lock {
  const wait = (_name: string, _task: unknown, signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  return Object.assign(wait, { ...(lease !== undefined && { lease }) })
}

describe('a client without a token', () => {
  test.each([
    [undefined, 60_000],
    [10_000, 60_000],
    [20_000, 60_000],
    [45_000, 85_000],
    [600_000, 640_000],
  ])('waits for a lock with a lease of %s for %i ms, and redeems nothing', async (lease, wait) => {
    expect(wait).toBe(Math.max(lockWait, (lease ?? 0) + renewalLimit))
    const clock = fakeClock()
    const fetch = vi.fn(async () => Response.json({ error: 'not expected' }, { status: 400 }))
    const client = createClient({
      flow: refreshToken({ clientId: 'client', refreshToken: 'first' }),
      store: memoryStore({ clock }),
      lock: lockOfOthers(lease),
      clock,
      fetch,
    })
    let outcome: unknown = 'still waiting'
    const leaving = new AbortController()
    void rejection(client.getToken({ signal: leaving.signal })).then((error) => {
      outcome = error
    })
    onTestFinished(() => leaving.abort())
    await vi.waitFor(() => expect(clock.sleeping).toBeGreaterThan(0))
    for (let waited = 0; waited < wait - second; waited += second) await clock.advance(second)
    expect(outcome).toBe('still waiting')
    for (let more = 0; more < 3; more++) await clock.advance(second)
    expect(outcome).toMatchObject({ name: 'UnavailableError' })
    expect(fetch).not.toHaveBeenCalled()
  })
})
