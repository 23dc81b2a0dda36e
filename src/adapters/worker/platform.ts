import { absentLock, memoryStore } from '../../core/memory.ts'
import { badOption, checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { Lock, Platform, Store } from '../../core/ports.ts'
import type { KvNamespace, WorkerContext } from './bindings.ts'
import type { DurableLock } from './durable/durable-lock.ts'
import { workerFetch } from './fetch-worker.ts'
import { mediumOf, withIsolateMemory } from './isolate/isolate-memory.ts'
import { isolateLock } from './isolate/lock-isolate.ts'
import { lockWithWaitUntil } from './isolate/lock-wait-until.ts'
import { type KvStoreOptions, kvStore } from './kv/store-kv.ts'
import { storeLike } from './store-like.ts'

export interface WorkerPlatformOptions extends KvStoreOptions {
  /** The KV namespace that stores the tokens. Default: the memory of the isolate. */
  readonly kv?: KvNamespace
  /** Another store instead of `kv`. */
  readonly store?: Store
  /**
   * Excludes two renewals at the same time across isolates, such as `durableLock(namespace)`. Default: a lock within the
   * isolate for tokens in its memory; no lock for tokens in `kv` or `store`, which flows with refresh tokens then refuse.
   */
  readonly lock?: Lock
  /** The handler's context: with its `waitUntil`, tokens are renewed in the background after the response. */
  readonly ctx?: WorkerContext
  /** Instead of `ctx`. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}

const isolateStore = /* @__PURE__ */ memoryStore()
const ownLock = /* @__PURE__ */ isolateLock()

/** The names of the options of {@link workerPlatform}. */
export const workerOptions: OptionNames<WorkerPlatformOptions> = {
  kv: 1,
  store: 'object',
  lock: 'function',
  ctx: 'object',
  waitUntil: 'function',
  prefix: 'string',
  encryption: 1,
}

/**
 * The platform of a worker. Cheap enough to be created for each request, as `ctx` is new each time: tokens that were
 * read or obtained remain in the memory of the isolate. Without `ctx` or `waitUntil`, tokens are not renewed in the
 * background, and a renewal is lost if its request is cancelled.
 *
 * @throws {ConfigurationError} `BAD_OPTION`, also for a missing binding
 * @example
 * createClient({ flow, ...workerPlatform({ kv: env.TOKENS, ctx }) })
 */
export function workerPlatform(options: WorkerPlatformOptions = {}): Platform {
  checkOptions('workerPlatform', options, workerOptions)
  for (const name of ['kv', 'store', 'lock', 'ctx', 'waitUntil'] as const) {
    if (!(name in options) || options[name] !== undefined) continue
    throw badOption(`workerPlatform: ${name} is undefined; check the binding, or leave the option out`)
  }
  const { ctx, waitUntil = ctx && ((work) => ctx.waitUntil(work)) } = options
  const { store, lock } = storage(options)
  const provided = { store, lock, fetch: workerFetch, sharing: false }
  return providePlatform(
    waitUntil === undefined ? provided : { ...provided, waitUntil, lock: lockWithWaitUntil(lock, waitUntil) },
  )
}

/** The store and the lock, with the memory of the isolate before them. */
function storage({ kv, store, lock, prefix, encryption }: WorkerPlatformOptions): { store: Store; lock: Lock } {
  const chosen = store ?? (kv === undefined ? undefined : kvStore(kv, { prefix, encryption }))
  if (chosen === undefined) return { store: isolateStore, lock: lock ?? ownLock }
  const medium = mediumOf(chosen)
  const safe = lock !== undefined && isDurable(lock) && !medium.fenced ? confirmed(chosen, lock) : chosen
  return withIsolateMemory({ store: safe, lock: lock ?? absentLock }, medium)
}

const isDurable = (lock: Lock): lock is DurableLock => 'confirm' in lock

/** For a store that cannot reject late writes: before each write, the lock confirms that this holder still has it. */
function confirmed(store: Store, lock: DurableLock): Store {
  return storeLike(store, {
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
  })
}
