import { onAbort, untilAborted } from './async.ts'
import { badOption, checkOptions, type OptionNames, requireMethods } from './options.ts'
import { providePlatform } from './platform.ts'
import type { Clock, Hold, Json, Lock, Platform, Store } from './ports.ts'
import { longestTimer } from './time.ts'

const fewEntries = 100
// Symbol.for is one registry for all copies of this module
const accepted = Symbol.for('imskit.noLock')

/** The runtime's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const wake = () => {
        listening()
        resolve()
      }
      const timer = setTimeout(wake, Math.min(ms, longestTimer))
      const listening = onAbort(signal, () => {
        clearTimeout(timer)
        reject(signal?.reason)
      })
    }),
  alarm(ms, ring) {
    const timer = setTimeout(ring, Math.min(ms, longestTimer))
    return () => clearTimeout(timer)
  },
}

export interface MemoryStoreOptions {
  readonly clock?: Pick<Clock, 'now'> | undefined
  /**
   * How many values that expire are stored at most: the one that was written first is removed for the next. Values that
   * expire within 20 minutes, such as logins that were started, have as much room of their own. Default: 10,000.
   */
  readonly maxEntries?: number | undefined
}

const optionNames: OptionNames<MemoryStoreOptions> = { clock: 1, maxEntries: 1 }
/** ms */
const briefly = 1_200_000

// as text: callers cannot change it, and it is many times faster than structuredClone
interface Entry {
  readonly text: string
  readonly expiresAt: number
}

/**
 * A {@link Store} in memory.
 *
 * @example
 * const client = createClient({ flow, store: memoryStore(), lock: processLock() })
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkOptions('memoryStore', options, optionNames)
  const { clock = systemClock, maxEntries = 10_000 } = options
  requireMethods('the clock of memoryStore', clock, 'now')
  if (!Number.isInteger(maxEntries) || maxEntries < 1) throw badOption('maxEntries must be a whole number above 0')
  // apart, so that a flood of logins that no user finishes evicts no token, and tokens evict no entry without an expiry
  const [brief, lasting, forever] = [shelf(maxEntries), shelf(maxEntries), shelf(Number.POSITIVE_INFINITY)]
  const shelves = [brief, lasting, forever]
  const find = (key: string) => {
    for (const { get } of shelves) {
      const text = get(key, clock.now())
      if (text !== undefined) return text
    }
    return undefined
  }
  const remove = (key: string) => {
    for (const { entries } of shelves) entries.delete(key)
  }
  return {
    get: async (key) => {
      const text = find(key)
      return text === undefined ? undefined : (JSON.parse(text) as Json)
    },
    set: async (key, value, expiresAt = Number.POSITIVE_INFINITY) => {
      const text = JSON.stringify(value)
      remove(key)
      const now = clock.now()
      const place = expiresAt === Number.POSITIVE_INFINITY ? forever : expiresAt - now <= briefly ? brief : lasting
      place.set(key, { text, expiresAt }, now)
    },
    delete: async (key) => remove(key),
    keys: async (prefix) =>
      shelves.flatMap(({ entries, get }) =>
        [...entries.keys()].filter((key) => key.startsWith(prefix) && get(key, clock.now()) !== undefined),
      ),
  }
}

interface Shelf {
  readonly entries: Map<string, Entry>
  readonly get: (key: string, now: number) => string | undefined
  readonly set: (key: string, entry: Entry, now: number) => void
}

function shelf(most: number): Shelf {
  const entries = new Map<string, Entry>()
  // expired entries that no caller reads, such as logins that were given up, must not pile up
  let sweepAt = fewEntries
  const get = (key: string, now: number) => {
    const entry = entries.get(key)
    if (entry !== undefined && entry.expiresAt > now) return entry.text
    entries.delete(key)
    return undefined
  }
  return {
    entries,
    get,
    set(key, entry, now) {
      entries.set(key, entry)
      if (entries.size >= sweepAt) {
        for (const each of entries.keys()) get(each, now)
        sweepAt = Math.max(fewEntries, entries.size * 2)
      }
      if (entries.size > most) entries.delete(entries.keys().next().value ?? '')
    },
  }
}

/**
 * A {@link Lock} among the callers of one process or page, in the order of their calls.
 *
 * @example
 * const client = createClient({ flow, store: memoryStore(), lock: processLock() })
 */
export function processLock(): Lock {
  const tails = new Map<string, Promise<void>>()
  // made at the first call: some runtimes have no random numbers while modules load
  let own: string | undefined
  const running = new Set<string>()
  let holdings = 0
  return async (name, task, signal) => {
    signal?.throwIfAborted()
    const before = tails.get(name)
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    own ??= `${crypto.randomUUID()}.`
    const prefix = own
    const id = prefix + ++holdings
    // nothing takes a lock of this process from its holder
    const hold: Hold = {
      id,
      stillHeld: async () => true,
      hasEnded: async (other) => other.startsWith(prefix) && !running.has(other),
    }
    const tail = before === undefined ? held : before.then(() => held)
    tails.set(name, tail)
    try {
      if (before !== undefined) await untilAborted(before, signal)
      running.add(id)
      return await task(hold)
    } finally {
      running.delete(id)
      release()
      // not at once: a caller that stops waiting leaves before the one that holds the lock
      void tail.then(() => {
        if (tails.get(name) === tail) tails.delete(name)
      })
    }
  }
}

/**
 * A {@link Lock} that excludes no caller, for stores that are not shared. Passing it to a client whose flow has refresh
 * tokens accepts that two callers may redeem the same refresh token, which can end the session.
 */
export const noLock: Lock = /* @__PURE__ */ Object.assign<Lock, { [accepted]: true }>(
  async (_name, task, signal) => {
    if (typeof task !== 'function') throw badOption('a lock takes a name and a task')
    signal?.throwIfAborted()
    return task(unguarded)
  },
  { [accepted]: true },
)

/** Whether `lock` is {@link noLock}, of this copy of the module or of another one, or a lock like it. */
export function acceptsRepeats(lock: Lock): boolean {
  return accepted in lock
}

/** `locking` as a lock of the same kind as `lock`: with its lease, its absence and the consent of {@link noLock}. */
export function lockLike(lock: Lock, locking: Lock): Lock {
  return Object.assign(locking, {
    ...(lock.lease !== undefined && { lease: lock.lease }),
    ...(lock.absent && { absent: lock.absent }),
    ...(acceptsRepeats(lock) && { [accepted]: true }),
  })
}

/** What a platform without a lock provides; credentials without refresh tokens do not need one. */
export const absentLock: Lock = /* @__PURE__ */ Object.assign<typeof noLock, { absent: true }>(
  async (name, task, signal) => noLock(name, task, signal),
  { absent: true },
)

const unguarded: Hold = { stillHeld: async () => true, hasEnded: async () => true }

/**
 * A platform in memory, for tests and unknown runtimes.
 *
 * @example
 * const client = createClient({ flow: clientCredentials(credential), ...memoryPlatform() })
 */
export function memoryPlatform(): Platform {
  return providePlatform({ store: memoryStore(), lock: processLock() })
}
