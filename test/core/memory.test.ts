import { afterEach, describe, expect, test, vi } from 'vitest'
import { untilAborted } from '../../src/core/async.ts'
import {
  clientCredentials,
  createClient,
  fromUnstorage,
  type Hold,
  memoryPlatform,
  memoryStore,
  noLock,
  processLock,
  systemClock,
  type UnstorageLike,
} from '../../src/core/index.ts'
import { sharedFlight } from '../../src/core/session/single-flight.ts'
import { fakeClock, lockContract, storeContract } from '../../src/testing/index.ts'
import { gate, rejection, settled } from './setting.ts'

afterEach(() => vi.restoreAllMocks())

/** Does what unstorage with its memory driver does to keys and values: separators become `:`, what is JSON is parsed. */
function unstorageLike({ parsing }: { parsing: boolean }) {
  const items = new Map<string, string>()
  const options: ({ ttl?: number } | undefined)[] = []
  const normal = (key: string) =>
    (key.split('?')[0] ?? '').replace(/[/\\]/g, ':').replace(/:+/g, ':').replace(/^:|:$/g, '')
  const storage: UnstorageLike = {
    async getItem(key) {
      const item = items.get(normal(key)) ?? null
      if (!parsing || item === null) return item
      try {
        return JSON.parse(item)
      } catch {
        return item
      }
    },
    async setItem(key, value, given) {
      options.push(given)
      items.set(normal(key), value)
    },
    async removeItem(key) {
      items.delete(normal(key))
    },
    getKeys: async () => [...items.keys()],
  }
  return { storage, items, options }
}

describe('memoryStore', () => {
  storeContract(test, { makeStore: memoryStore })
  const clock = fakeClock()
  storeContract(test, { makeStore: () => memoryStore({ clock }), now: clock.now })

  test('drops an entry once its time has come', async () => {
    const store = memoryStore({ clock })
    await store.set('key', 1, clock.now() + 1_000)
    await clock.advance(999)
    expect(await store.get('key')).toBe(1)
    await clock.advance(1)
    expect([await store.get('key'), await store.keys('')]).toEqual([undefined, []])
  })

  test('entries that are never read again do not pile up', async () => {
    const set = vi.spyOn(Map.prototype, 'set')
    const store = memoryStore({ clock })
    await store.set('first', 1)
    const maps = set.mock.contexts as Map<unknown, unknown>[]
    const entries = maps.find((map) => map.has('first'))
    for (let login = 0; login < 5_000; login++) {
      await store.set(`imskit/pending/${login}`, 'given up', clock.now() + 1_000)
      await clock.advance(10)
    }
    expect(entries?.size).toBeLessThan(1_000)
    expect(await store.get('first')).toBe(1)
  })
})

describe('fromUnstorage', () => {
  const fails = () => Promise.reject(new Error('connection lost'))
  const throws = () => {
    throw new Error('closed')
  }
  const clock = fakeClock()
  const failing: Record<string, UnstorageLike> = {
    rejects: { getItem: fails, setItem: fails, removeItem: fails, getKeys: fails },
    throws: { getItem: throws, setItem: throws, removeItem: throws, getKeys: throws },
  }
  for (const [way, storage] of Object.entries(failing))
    for (const parsing of [true, false])
      describe(`over a storage that ${parsing ? 'parses values' : 'returns text'}; a failing one ${way}`, () => {
        const { storage: working, items } = unstorageLike({ parsing })
        storeContract(test, {
          makeStore: () => fromUnstorage(working),
          makeFailing: () => fromUnstorage(storage),
          damage: () => {
            for (const key of items.keys()) items.set(key, '{"value":{"before":"dam')
          },
        })
      })
  storeContract(test, {
    makeStore: () =>
      fromUnstorage(unstorageLike({ parsing: true }).storage, { now: clock.now, consistency: 'eventual' }),
    now: clock.now,
  })

  test('passes on how consistent the storage is', () => {
    const { storage } = unstorageLike({ parsing: true })
    expect(fromUnstorage(storage, { consistency: 'eventual' }).consistency).toBe('eventual')
    expect(fromUnstorage(storage)).not.toHaveProperty('consistency')
  })

  test('keys leaves out what is damaged, and rejects if one entry cannot be read', async () => {
    const { storage, items } = unstorageLike({ parsing: false })
    const store = fromUnstorage(storage)
    await store.set('whole', 1)
    items.set('kdamaged', 'no JSON')
    expect(await store.keys('')).toEqual(['whole'])
    const unreadable = fromUnstorage({ ...storage, getItem: () => Promise.reject(new Error('connection lost')) })
    expect(await rejection(unreadable.keys(''))).toMatchObject({ code: 'STORE_FAILED' })
  })

  test('gives drivers a ttl in seconds, rounded up and never 0, and none without an expiry', async () => {
    const { storage, options } = unstorageLike({ parsing: true })
    const store = fromUnstorage(storage, { now: clock.now })
    await store.set('a', 1, clock.now() + 1_500)
    await store.set('b', 1, clock.now() - 1)
    await store.set('c', 1)
    await store.set('d', 1, Number.POSITIVE_INFINITY)
    expect(options).toEqual([{ ttl: 2 }, { ttl: 1 }, {}, {}])
    expect(await store.get('d')).toBe(1)
  })

  test('lists nothing that is not its own', async () => {
    const { storage, items } = unstorageLike({ parsing: true })
    items.set('other', '1')
    items.set('k%', '1')
    items.set('k$E0$A4', '1')
    const store = fromUnstorage(storage)
    await store.set('mine', 1)
    expect(await store.keys('')).toEqual(['mine'])
  })

  test.each([
    'no JSON',
    '7',
    'null',
    '[]',
    '{}',
    '{"value":1}',
    '{"value":1,"expiresAt":"never"}',
    '{"expiresAt":9e15}',
  ])('an item that says %s is not an entry', async (item) => {
    const { storage, items } = unstorageLike({ parsing: false })
    items.set('kkey', item)
    expect(await fromUnstorage(storage).get('key')).toBeUndefined()
  })

  test('a storage that fails is STORE_FAILED, with a cause that names no token', async () => {
    const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.sig`
    const fail = () =>
      Promise.reject(Object.assign(new Error(`redis: SET ${token}`), { command: token, code: 'ECONN' }))
    const store = fromUnstorage({ getItem: fail, setItem: fail, removeItem: fail, getKeys: fail })
    for (const work of [store.get('a'), store.set('a', token), store.delete('a'), store.keys('')]) {
      const error = await rejection(work)
      expect(error).toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED', cause: { code: 'ECONN' } })
      expect(JSON.stringify([error, (error as Error).cause, String((error as Error).cause)])).not.toContain('eyJ')
    }
    const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: [] })
    const fetch = async () => Response.json({ access_token: 'opaque', token_type: 'bearer', expires_in: 60 })
    expect(await createClient({ flow, store, lock: noLock, fetch }).getToken()).toBe('opaque')
  })

  test('a fleet that shares one makes one request', async () => {
    const { storage } = unstorageLike({ parsing: true })
    const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: [] })
    const fetch = vi.fn(async () => Response.json({ access_token: 'opaque', token_type: 'bearer', expires_in: 86_400 }))
    for (let machine = 0; machine < 3; machine++)
      await createClient({ flow, store: fromUnstorage(storage), lock: processLock(), fetch }).getToken()
    expect(fetch).toHaveBeenCalledTimes(1)
  })
})

describe('processLock', () => {
  const lock = processLock()
  lockContract(test, { makeLock: () => lock })

  test('knows which of its own holdings have ended, and nothing about those of another lock', async () => {
    const held = gate()
    const ids: (string | undefined)[] = []
    const note = async ({ id }: Hold) => void ids.push(id)
    await lock('ended', note)
    await processLock()('ended', note)
    const running = lock('running', (hold) => note(hold).then(() => held.opened))
    await settled()
    const answers = await lock('asking', async ({ hasEnded }) => Promise.all(ids.map((id = '') => hasEnded?.(id))))
    expect(answers).toEqual([true, false, false])
    held.open()
    await running
    expect(await lock('asking', async ({ hasEnded }) => hasEnded?.(ids[2] ?? ''))).toBe(true)
  })

  test('first come, first served, also where one in between leaves', async () => {
    const order: number[] = []
    const held = gate()
    const leaving = new AbortController()
    const work = [0, 1, 2, 3].map((each) =>
      lock(
        'queue',
        () => {
          order.push(each)
          return held.opened
        },
        each === 1 ? leaving.signal : undefined,
      ),
    )
    const left = rejection(work[1] as Promise<unknown>)
    leaving.abort('gone')
    expect(await left).toBe('gone')
    held.open()
    await Promise.all([work[0], work[2], work[3]])
    expect(order).toEqual([0, 2, 3])
  })

  test('one that leaves does not let the next in early', async () => {
    const held = gate()
    const holder = lock('early', () => held.opened)
    const leaving = new AbortController()
    const left = rejection(lock('early', async () => {}, leaving.signal))
    let entered = false
    const next = lock('early', async () => {
      entered = true
    })
    leaving.abort('gone')
    await left
    await settled()
    expect(entered).toBe(false)
    held.open()
    await Promise.all([holder, next])
    expect(entered).toBe(true)
  })

  test('a caller that asks after the last waiter has left still waits for the holder', async () => {
    const held = gate()
    const holder = lock('after', () => held.opened)
    const leaving = new AbortController()
    const left = rejection(lock('after', async () => {}, leaving.signal))
    leaving.abort('gone')
    await left
    let entered = false
    const next = lock('after', async () => {
      entered = true
    })
    await settled()
    expect(entered).toBe(false)
    held.open()
    await Promise.all([holder, next])
    expect(entered).toBe(true)
  })
})

describe('noLock', () => {
  lockContract(test, { makeLock: () => noLock, exclusive: false })
})

describe('systemClock', () => {
  test('sleeps, and wakes with the reason of an abort', async () => {
    await systemClock.sleep(1)
    const leaving = new AbortController()
    const sleeping = rejection(systemClock.sleep(60_000, leaving.signal))
    leaving.abort('mine')
    expect(await sleeping).toBe('mine')
    expect(await rejection(systemClock.sleep(60_000, AbortSignal.abort('before')))).toBe('before')
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000)
  })

  test('a sleep longer than a timer can hold does not end at once', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout')
    const leaving = new AbortController()
    for (const ms of [2 ** 31, 1e15, Number.POSITIVE_INFINITY]) {
      const sleeping = rejection(systemClock.sleep(ms, leaving.signal))
      expect(timer.mock.lastCall?.[1]).toBe(2 ** 31 - 1)
      void sleeping
    }
    leaving.abort()
  })

  test('a sleep that ended leaves no listener on a long-lived signal', async () => {
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, 'removeEventListener')
    await systemClock.sleep(1, signal)
    expect(remove).toHaveBeenCalledTimes(1)
  })
})

describe('untilAborted', () => {
  test('ends with the work, or with the reason of the abort; the work continues', async () => {
    const { signal } = new AbortController()
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1)
    expect(await untilAborted(Promise.resolve(1), undefined)).toBe(1)
    expect(await rejection(untilAborted(Promise.reject(new Error('work')), signal))).toMatchObject({ message: 'work' })
    expect(await rejection(untilAborted(Promise.reject(new Error('work')), AbortSignal.abort('mine')))).toBe('mine')
  })
})

describe('sharedFlight', () => {
  test('takes off once, lands once, and is given up when the last passenger has left', async () => {
    const landed = vi.fn()
    let seen: AbortSignal | undefined
    const flight = sharedFlight((signal) => {
      seen = signal
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }, landed)
    const leaving = [new AbortController(), new AbortController()]
    const left = leaving.map(({ signal }) => rejection(flight.join(signal)))
    leaving[0]?.abort('one')
    expect([await left[0], seen?.aborted, landed.mock.calls.length]).toEqual(['one', false, 0])
    leaving[1]?.abort('two')
    expect([await left[1], seen?.aborted]).toEqual(['two', true])
    expect(landed).toHaveBeenCalled()
  })

  test('a passenger without a signal keeps it in the air', async () => {
    const held = gate()
    const flight = sharedFlight(
      () => held.opened.then(() => 'here'),
      () => {},
    )
    const staying = flight.join()
    const leaving = new AbortController()
    const left = rejection(flight.join(leaving.signal))
    leaving.abort('gone')
    await left
    held.open()
    expect(await staying).toBe('here')
  })
})

test('memoryPlatform: a store and a lock of its own each time', async () => {
  const [one, two] = [memoryPlatform(), memoryPlatform()]
  await one.store.set('key', 1)
  expect(await two.store.get('key')).toBeUndefined()
  expect(one.lock).not.toBe(two.lock)
})

describe('the limits of memoryStore', () => {
  const hour = 3_600_000

  test('the value that expires and was written first makes room', async () => {
    const store = memoryStore({ maxEntries: 2, clock: { now: () => 0 } })
    for (const key of ['a', 'b', 'a', 'c']) await store.set(key, key, hour * 2)
    expect((await store.keys('')).sort()).toEqual(['a', 'c'])
  })

  test('started logins evict no token, and neither evicts what does not expire', async () => {
    const store = memoryStore({ maxEntries: 2, clock: { now: () => 0 } })
    await store.set('context', 'kept')
    await store.set('token', 'kept', 24 * hour)
    for (let index = 0; index < 10; index++) await store.set(`pending/${index}`, index, hour / 4)
    expect((await store.keys('')).sort()).toEqual(['context', 'pending/8', 'pending/9', 'token'])
    for (let index = 0; index < 10; index++) await store.set(`token/${index}`, index, 24 * hour)
    expect((await store.keys('')).sort()).toEqual(['context', 'pending/8', 'pending/9', 'token/8', 'token/9'])
  })

  test('a value that is written with another expiry replaces the one before', async () => {
    const store = memoryStore({ clock: { now: () => 0 } })
    await store.set('key', 'forever')
    await store.set('key', 'for a moment', 1)
    expect(await store.get('key')).toBe('for a moment')
    expect(await store.keys('')).toEqual(['key'])
    await store.delete('key')
    expect(await store.get('key')).toBeUndefined()
  })

  test.each([0, -1, 1.5, Number.POSITIVE_INFINITY, '10'])('refuses %s entries', (maxEntries) => {
    expect(() => memoryStore({ maxEntries: maxEntries as number })).toThrow(/maxEntries/)
  })
})
