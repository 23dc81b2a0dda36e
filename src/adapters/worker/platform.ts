import { ConfigurationError } from '../../core/errors.ts'
import { memoryStore, noLock } from '../../core/memory.ts'
import type { Lock, Platform, Store } from '../../core/ports.ts'
import type { DurableNamespace, KvNamespace, WorkerContext } from './bindings.ts'
import { type DurableLock, durableLock } from './durable-lock.ts'
import { workerFetch } from './fetch-worker.ts'
import { withIsolateMemory } from './isolate-memory.ts'
import { durableStore } from './store-durable.ts'
import { type KvStoreOptions, kvStore } from './store-kv.ts'

export interface WorkerPlatformOptions extends KvStoreOptions {
  /** The KV namespace that keeps the tokens. Without it they live in the memory of the isolate. */
  readonly kv?: KvNamespace
  /** Another store, instead of `kv`. */
  readonly store?: Store
  /**
   * The namespace of the Durable Object class `ImsLock`: one renewal across all isolates and regions. It keeps the
   * tokens as well where there is neither `kv` nor `store`, as refresh tokens that rotate want it.
   */
  readonly durable?: DurableNamespace
  /** Name of the Durable Object; one for each tenant spreads the load. Default `imskit`. */
  readonly object?: string
  /** Another lock. Default: that of `durable`, or none. */
  readonly lock?: Lock
  /** What the handler was given: tokens are renewed behind the response through its `waitUntil`. */
  readonly ctx?: WorkerContext
  /** Instead of `ctx`. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}

const isolateStore = /* @__PURE__ */ memoryStore()

/**
 * What a worker lends the core. Cheap enough to be made for each request, as `ctx` is new each time: tokens that were
 * read or obtained stay in the memory of the isolate. Without `ctx` or `waitUntil` nothing is renewed in the background,
 * and a renewal that its request does not live to see is lost.
 *
 * @throws {ConfigurationError} `BAD_OPTION`, also for a binding that is not there
 */
export function workerPlatform(options: WorkerPlatformOptions = {}): Platform {
  for (const name of ['kv', 'store', 'durable', 'lock', 'ctx', 'waitUntil'] as const) {
    if (!(name in options) || options[name] !== undefined) continue
    throw new ConfigurationError(
      'BAD_OPTION',
      `workerPlatform: ${name} is undefined; check the binding, or leave it out`,
    )
  }
  const { ctx, waitUntil = ctx && ((work) => ctx.waitUntil(work)) } = options
  const { store, lock } = keeping(options)
  const lent = { store, lock, fetch: workerFetch, sharing: false }
  return waitUntil === undefined ? lent : { ...lent, waitUntil, lock: keptAlive(lock, waitUntil) }
}

/** The store and the lock, with the memory of the isolate before them. */
function keeping(options: WorkerPlatformOptions): { store: Store; lock: Lock } {
  const { kv, store, durable, object = 'imskit', prefix = '' } = options
  const lock = options.lock ?? (durable === undefined ? noLock : durableLock(durable, { object }))
  const turns = isDurable(lock) ? lock : undefined
  if (store !== undefined) return withIsolateMemory({ store: confirmed(store, turns), lock }, store, prefix)
  if (kv !== undefined) return withIsolateMemory({ store: confirmed(kvStore(kv, options), turns), lock }, kv, prefix)
  if (durable === undefined) return { store: isolateStore, lock }
  return withIsolateMemory({ store: durableStore(durable, { object, lock: turns }), lock }, durable, object)
}

const isDurable = (lock: Lock): lock is DurableLock => 'confirm' in lock

/** A store that cannot tell a late writer from another: whoever lost the lock meanwhile does not write. */
function confirmed(store: Store, lock: DurableLock | undefined): Store {
  if (lock === undefined) return store
  return {
    get: (key) => store.get(key),
    async set(key, value, expiresAt) {
      await lock.confirm(key)
      await store.set(key, value, expiresAt)
    },
    async delete(key) {
      await lock.confirm(key)
      await store.delete(key)
    },
    keys: (prefix) => store.keys(prefix),
  }
}

/** A renewal that began is brought to its end, though whoever asked for it may be gone: what IMS rotated is stored. */
function keptAlive(lock: Lock, waitUntil: (work: Promise<unknown>) => void): Lock {
  return (name, task, signal) => {
    const work = lock(name, task, signal)
    waitUntil(work.catch(() => {}))
    return work
  }
}
