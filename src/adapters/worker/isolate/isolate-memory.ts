import { lockLike } from '../../../core/memory.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { storeLike } from '../store-like.ts'

interface Cached {
  value?: { readonly json: string; readonly expiresAt: number }
  /** Grows with every change, so that a value that was read before the change is not cached after it. */
  version: number
}

/** Where a store has its values. Several stores may share a medium. */
export interface Medium {
  readonly binding: object
  /** Part of the binding. */
  readonly scope: string
  /** Whether it rejects a late write by a holder that lost its lock. */
  readonly fenced?: boolean
}

const mediums = /* @__PURE__ */ new WeakMap<Store, Medium>()

/** `store`, with a note of its medium: an app may create a store for each request, but the binding remains. */
export function onMedium(medium: Medium, store: Store): Store {
  mediums.set(store, medium)
  return store
}

export function mediumOf(store: Store): Medium {
  return mediums.get(store) ?? { binding: store, scope: '' }
}

// one memory for each binding: the requests of an isolate may share values, but not promises
const memories = /* @__PURE__ */ new WeakMap<object, Map<string, Cached>>()
const mostEntries = 1000
/** ms after which a lock that was not released, because its request was cancelled, no longer disables the cache. */
const longestLock = 120_000
const isToken = (key: string) => key.startsWith('imskit/tokens/')

/** A store and a lock with the memory of the isolate before them. */
interface State {
  readonly store: Store
  readonly scope: string
  readonly memory: Map<string, Cached>
  /** The callers that wait for the lock of a key or hold it, and since when. */
  readonly locking: Map<string, Set<{ readonly since: number }>>
}

/**
 * `store`, with the tokens that this isolate has read in memory, so that a warm call does not read the store. While a
 * caller waits for the lock of a key or holds it, the store itself is read: another isolate may have renewed.
 */
export function withIsolateMemory(
  { store, lock }: { store: Store; lock: Lock },
  { binding, scope }: Medium,
): { store: Store; lock: Lock } {
  const memory = memories.get(binding) ?? new Map<string, Cached>()
  memories.set(binding, memory)
  const state: State = { store, scope, memory, locking: new Map() }
  const methods = {
    get: (key: string) => (isToken(key) ? readThrough(state, key) : store.get(key)),
    set: (key: string, value: Json, expiresAt?: number) =>
      isToken(key) ? writeThrough(state, key, { value, expiresAt }) : store.set(key, value, expiresAt),
    async delete(key: string) {
      if (isToken(key)) drop(cachedFor(state, key))
      await store.delete(key)
    },
    keys: (prefix: string) => store.keys(prefix),
  }
  return { store: storeLike(store, methods), lock: lockLike(lock, notingLock(state, lock)) }
}

async function readThrough(state: State, key: string): Promise<Json | undefined> {
  const cached = cachedFor(state, key)
  if (isLocking(state, key)) drop(cached)
  if (cached.value !== undefined && cached.value.expiresAt > Date.now()) return JSON.parse(cached.value.json) as Json
  const before = cached.version
  const value = await state.store.get(key)
  if (before === cached.version) cache(cached, value, expiryOf(value))
  return value
}

async function writeThrough(
  state: State,
  key: string,
  { value, expiresAt }: { readonly value: Json; readonly expiresAt: number | undefined },
): Promise<void> {
  const cached = cachedFor(state, key)
  drop(cached)
  await state.store.set(key, value, expiresAt)
  cached.version++
  cache(cached, value, expiresAt ?? expiryOf(value))
}

/** `lock`, which notes who waits for the tokens of a key or holds their lock. */
function notingLock({ locking }: State, lock: Lock): Lock {
  return async (name, task, signal) => {
    if (!isToken(name)) return lock(name, task, signal)
    const caller = { since: Date.now() }
    const callers = locking.get(name) ?? new Set()
    locking.set(name, callers.add(caller))
    try {
      return await lock(name, task, signal)
    } finally {
      callers.delete(caller)
      if (callers.size === 0 && locking.get(name) === callers) locking.delete(name)
    }
  }
}

function isLocking({ locking }: State, key: string): boolean {
  return [...(locking.get(key) ?? [])].some(({ since }) => since + longestLock > Date.now())
}

function cachedFor({ memory, scope }: State, key: string): Cached {
  const name = `${scope} ${key}`
  const found = memory.get(name)
  if (found !== undefined) return found
  const cached: Cached = { version: 0 }
  // the oldest entry is removed, so that the memory has a limit
  if (memory.size >= mostEntries) for (const [oldest] of memory) if (memory.delete(oldest)) break
  memory.set(name, cached)
  return cached
}

function cache(cached: Cached, value: Json | undefined, expiresAt: number): void {
  delete cached.value
  if (value !== undefined) cached.value = { json: JSON.stringify(value), expiresAt }
}

function drop(cached: Cached): void {
  cached.version++
  delete cached.value
}

/** When the tokens in `value` expire; 0 if it is unknown. */
function expiryOf(value: Json | undefined): number {
  const expiresAt = typeof value === 'object' && value !== null && 'expiresAt' in value ? value.expiresAt : 0
  return typeof expiresAt === 'number' ? expiresAt : 0
}
