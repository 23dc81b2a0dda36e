import type { ContextApi, FamiliarGetTokenOptions } from '../../core/familiar/familiar-api.ts'
import { lazyContext, lazyIms } from '../../core/familiar/lazy-ims.ts'
import { createWorkerIms } from './familiar.ts'

export * from '../../core/api.ts'
export { type AuthHandler, createAuthHandler } from './auth-handler.ts'
export type { AuthHandlerOptions, Claims, LoginFailure } from './auth-handler-options.ts'
export type {
  DurableNamespace,
  DurableState,
  DurableStorage,
  DurableStub,
  KvListing,
  KvListOptions,
  KvNamespace,
  KvPutOptions,
  WorkerContext,
} from './bindings.ts'
export type { SameSite } from './cookies.ts'
export type { SessionSecret } from './cookies-sealed.ts'
export { type DurableLock, type DurableLockOptions, durableLock } from './durable-lock.ts'
export { createWorkerIms, type WorkerImsOptions } from './familiar.ts'
// these two know workers and stand in for the core's
export { Ims, ValidationCache } from './ims.ts'
export { ImsLock } from './ims-lock.ts'
export { type WorkerPlatformOptions, workerPlatform } from './platform.ts'
export type { ProxyRule } from './proxy-rules.ts'
export { type Guard, type RequireTokenOptions, requireToken } from './require-token.ts'
export type { AuthSession, SessionContext } from './session.ts'
export { type DurableStoreOptions, durableStore, durableTokens } from './store-durable.ts'
export { type KvStoreOptions, kvStore } from './store-kv.ts'

const ims = /* @__PURE__ */ lazyIms(() => createWorkerIms())

/** The named contexts of the default client; they live in the memory of the isolate. */
export const context: ContextApi = /* @__PURE__ */ lazyContext(ims)

/** The access token of a named context; without a name of the current one. */
export const getToken = (name?: string, options?: FamiliarGetTokenOptions): Promise<string> =>
  ims().getToken(name, options)

/** Ends the tokens of a named context, at IMS and here. */
export const invalidateToken = (name?: string, force?: boolean) => ims().invalidateToken(name, force)
