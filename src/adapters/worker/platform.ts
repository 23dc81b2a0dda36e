import { ConfigurationError } from '../../core/errors.ts'
import { absentLock, memoryStore } from '../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { Lock, Platform, Store } from '../../core/ports.ts'
import type { KvNamespace, WorkerContext } from './bindings.ts'
import type { DurableLock } from './durable/durable-lock.ts'
import { workerFetch } from './fetch-worker.ts'
import { mediumOf, withIsolateMemory } from './isolate/isolate-memory.ts'
import { keptAlive } from './isolate/kept-alive.ts'
import { isolateLock } from './isolate/lock-isolate.ts'
import { type KvStoreOptions, kvStore } from './kv/store-kv.ts'
import { storeLike } from './store-like.ts'

export interface WorkerPlatformOptions extends KvStoreOptions {
  /** The KV namespace that keeps the tokens. Without it they live in the memory of the isolate. */
  readonly kv?: KvNamespace
  /** Another store, instead of `kv`. */
  readonly store?: Store
  /**
   * Keeps two renewals apart across isolates, such as `durableLock(namespace)`. Default: the isolate's own lock for
   * tokens in its memory, none for tokens in `kv` or `store`, which are then refused to flows with refresh tokens.
   */
  readonly lock?: Lock
  /** What the handler was given: tokens are renewed behind the response through its `waitUntil`. */
  readonly ctx?: WorkerContext
  /** Instead of `ctx`. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}

const isolateStore = /* @__PURE__ */ memoryStore()
const ownLock = /* @__PURE__ */ isolateLock()

/** The options of a worker's platform by their names. */
export const workerOptions: OptionNames<WorkerPlatformOptions> = {
  kv: 1,
  store: 1,
  lock: 1,
  ctx: 1,
  waitUntil: 1,
  prefix: 1,
  encryption: 1,
}

/**
 * What a worker lends the core. Cheap enough to be made for each request, as `ctx` is new each time: tokens that were
 * read or obtained stay in the memory of the isolate. Without `ctx` or `waitUntil` nothing is renewed in the background,
 * and a renewal that its request does not live to see is lost.
 *
 * @throws {ConfigurationError} `BAD_OPTION`, also for a binding that is not there
 */
export function workerPlatform(options: WorkerPlatformOptions = {}): Platform {
  checkOptions('workerPlatform', options, workerOptions)
  for (const name of ['kv', 'store', 'lock', 'ctx', 'waitUntil'] as const) {
    if (!(name in options) || options[name] !== undefined) continue
    throw new ConfigurationError(
      'BAD_OPTION',
      `workerPlatform: ${name} is undefined; check the binding, or leave it out`,
    )
  }
  const { ctx, waitUntil = ctx && ((work) => ctx.waitUntil(work)) } = options
  const { store, lock } = keeping(options)
  const provided = { store, lock, fetch: workerFetch, sharing: false }
  return providePlatform(
    waitUntil === undefined ? provided : { ...provided, waitUntil, lock: keptAlive(lock, waitUntil) },
  )
}

/** The store and the lock, with the memory of the isolate before them. */
function keeping({ kv, store, lock, prefix, encryption }: WorkerPlatformOptions): { store: Store; lock: Lock } {
  const chosen = store ?? (kv === undefined ? undefined : kvStore(kv, { prefix, encryption }))
  if (chosen === undefined) return { store: isolateStore, lock: lock ?? ownLock }
  const medium = mediumOf(chosen)
  const safe = lock !== undefined && isDurable(lock) && !medium.fenced ? confirmed(chosen, lock) : chosen
  return withIsolateMemory({ store: safe, lock: lock ?? absentLock }, medium)
}

const isDurable = (lock: Lock): lock is DurableLock => 'confirm' in lock

/** A store that cannot tell a late writer from another: whoever lost the lock meanwhile does not write. */
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
