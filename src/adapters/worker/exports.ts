import type { CompatGetTokenOptions, ContextApi } from '../../core/compat/compat-api.ts'
import { lazyContext, lazyIms } from '../../core/compat/lazy-ims.ts'
import { createWorkerIms } from './compat.ts'

export * from '../../core/api.ts'
export { type AuthHandler, createAuthHandler } from './bff/auth-handler.ts'
export type { AuthHandlerOptions, Claims, LoginFailure } from './bff/auth-handler-options.ts'
export type { SessionSecret } from './bff/cookie-encryption.ts'
export type { SameSite } from './bff/cookies.ts'
export type { ProxyRule } from './bff/proxy-rules.ts'
export type { AuthSession, SessionContext } from './bff/session.ts'
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
export { createWorkerIms, type WorkerImsOptions } from './compat.ts'
export { type DurableLock, type DurableLockOptions, durableLock } from './durable/durable-lock.ts'
export { ImsLock } from './durable/ims-lock.ts'
export { type DurableStoreOptions, durableStore, durableTokens } from './durable/store-durable.ts'
export type { AuthInfo } from './guard/auth-info.ts'
export { type Guard, type RequireTokenOptions, requireToken } from './guard/require-token.ts'
// these two replace the core's classes
export { Ims, ValidationCache } from './ims.ts'
export { aesEncryption, type Encryption } from './kv/aes-encryption.ts'
export { type KvStoreOptions, kvStore } from './kv/store-kv.ts'
export { type WorkerPlatformOptions, workerPlatform } from './platform.ts'
export type { NodeListener, NodeNext, NodeRequest, NodeResponse } from './to-node/node-types.ts'
export { type FetchHandler, type ToNodeOptions, toNode } from './to-node/to-node.ts'

const ims = /* @__PURE__ */ lazyIms(() => createWorkerIms())

/** The named contexts of the default client, in the memory of the isolate. */
export const context: ContextApi = /* @__PURE__ */ lazyContext(ims)

/**
 * The access token of a named context, by default of the current one.
 *
 * @example
 * await getToken('my_context')
 */
export const getToken = (name?: string, options?: CompatGetTokenOptions): Promise<string> =>
  ims().getToken(name, options)

/** Invalidates the tokens of a named context at IMS, and removes them from the context. */
export const invalidateToken = (name?: string, force?: boolean) => ims().invalidateToken(name, force)
