import { lockLike } from '../../../core/memory.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { storeLike } from '../store-like.ts'

interface Kept {
  value?: { readonly json: string; readonly expiresAt: number }
  /** Grows with every change, so that what was read before it is not kept after it. */
  version: number
}

/** What a store keeps its values in, which is the same for all stores over it. */
export interface Medium {
  readonly binding: object
  /** Part of the binding. */
  readonly scope: string
  /** Whether it tells a late writer from another. */
  readonly fenced?: boolean
}

const mediums = /* @__PURE__ */ new WeakMap<Store, Medium>()

/** Notes what `store` keeps its values in: a store may be made for each request, and its binding stays. */
export function over(medium: Medium, store: Store): Store {
  mediums.set(store, medium)
  return store
}

export function mediumOf(store: Store): Medium {
  return mediums.get(store) ?? { binding: store, scope: '' }
}

// one memory for each binding: values may be shared by the requests of an isolate, promises may not
const memories = /* @__PURE__ */ new WeakMap<object, Map<string, Kept>>()
const fewEntries = 1000
const isToken = (key: string) => key.startsWith('imskit/tokens/')

/** ms after which a lock that never ended, as its request was cancelled, does not keep tokens from memory any more. */
const longestLock = 120_000

/**
 * `store`, with the tokens that this isolate has met in memory, so that a warm one does not read. Callers that wait for
 * the lock of a key, or hold it, read the store itself: another isolate may have renewed.
 */
export function withIsolateMemory(
  { store, lock }: { store: Store; lock: Lock },
  { binding, scope }: Medium,
): { store: Store; lock: Lock } {
  const memory = memories.get(binding) ?? new Map<string, Kept>()
  memories.set(binding, memory)

  // since when each caller waits for the lock of a key or holds it
  const locking = new Map<string, Set<{ readonly since: number }>>()
  const isLocking = (key: string) => [...(locking.get(key) ?? [])].some(({ since }) => since + longestLock > Date.now())

  function keptUnder(key: string): Kept {
    const name = `${scope} ${key}`
    const found = memory.get(name)
    if (found !== undefined) return found
    const kept: Kept = { version: 0 }
    // what nobody comes back for must not pile up; the oldest goes first
    if (memory.size >= fewEntries) for (const [oldest] of memory) if (memory.delete(oldest)) break
    memory.set(name, kept)
    return kept
  }

  function keep(kept: Kept, value: Json | undefined, expiresAt = expiryOf(value)): void {
    delete kept.value
    if (value !== undefined) kept.value = { json: JSON.stringify(value), expiresAt }
  }

  const locked: Lock = async (name, task, signal) => {
    if (!isToken(name)) return lock(name, task, signal)
    const mine = { since: Date.now() }
    const callers = locking.get(name) ?? new Set()
    locking.set(name, callers.add(mine))
    try {
      return await lock(name, task, signal)
    } finally {
      callers.delete(mine)
      if (callers.size === 0 && locking.get(name) === callers) locking.delete(name)
    }
  }

  return {
    store: storeLike(store, {
      async get(key) {
        if (!isToken(key)) return store.get(key)
        const kept = keptUnder(key)
        if (isLocking(key)) forget(kept)
        if (kept.value !== undefined && kept.value.expiresAt > Date.now()) return JSON.parse(kept.value.json) as Json
        const before = kept.version
        const value = await store.get(key)
        if (before === kept.version) keep(kept, value)
        return value
      },
      async set(key, value, expiresAt) {
        const kept = isToken(key) ? keptUnder(key) : undefined
        if (kept !== undefined) forget(kept)
        await store.set(key, value, expiresAt)
        if (kept === undefined) return
        kept.version++
        keep(kept, value, expiresAt)
      },
      async delete(key) {
        if (isToken(key)) forget(keptUnder(key))
        await store.delete(key)
      },
      keys: (prefix) => store.keys(prefix),
    }),
    lock: lockLike(lock, locked),
  }
}

function forget(kept: Kept): void {
  kept.version++
  delete kept.value
}

/** A token that was read is of use until it ends. */
function expiryOf(value: Json | undefined): number {
  const said = typeof value === 'object' && value !== null && 'expiresAt' in value ? value.expiresAt : 0
  return typeof said === 'number' ? said : 0
}
