import { memoryStore, noLock } from '../../core/memory.ts'
import type { Lock, Platform, Store } from '../../core/ports.ts'
import type { KvNamespace, WorkerContext } from './bindings.ts'
import { workerFetch } from './fetch-worker.ts'
import { type KvStoreOptions, kvStore } from './store-kv.ts'

export interface WorkerPlatformOptions extends KvStoreOptions {
  /** The KV namespace that keeps the tokens. Without it they live in the memory of the isolate. */
  readonly kv?: KvNamespace | undefined
  /** Another store, instead of `kv`. */
  readonly store?: Store | undefined
  /** Keeps two renewals apart across isolates, such as `durableLock(namespace)`. Default: none. */
  readonly lock?: Lock | undefined
  /** What the handler was given: tokens are renewed behind the response through its `waitUntil`. */
  readonly ctx?: WorkerContext | undefined
  /** Instead of `ctx`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

const isolateStore = /* @__PURE__ */ memoryStore()

/**
 * What a worker lends the core. Cheap enough to be made for each request, as `ctx` is new each time; tokens that were
 * read or obtained stay in the memory of the isolate.
 */
export function workerPlatform(options: WorkerPlatformOptions = {}): Platform {
  const { kv, ctx, waitUntil = ctx && ((work) => ctx.waitUntil(work)), lock = noLock } = options
  const store = options.store ?? (kv === undefined ? isolateStore : kvStore(kv, options))
  return { store, lock, fetch: workerFetch, sharing: false, ...(waitUntil && { waitUntil }) }
}
