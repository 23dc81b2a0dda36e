// what a bundler leaves out where it is not used, and what every page would carry in a file from a CDN

export { createIms } from '../../core/familiar/create-ims.ts'
export {
  ACCESS_TOKEN,
  AUTHORIZATION_CODE,
  CLIENT_CREDENTIALS,
  CLIENT_ID,
  CLIENT_SECRET,
  type ExchangeTokenRequest,
  Ims,
  type ImsOptions,
  type ImsValidation,
  type PromiseExchange,
  type PromiseExchangeRequest,
  type PromiseToken,
  type PromiseTokenRequest,
  REFRESH_TOKEN,
  SCOPE,
} from '../../core/familiar/ims.ts'
export {
  ValidationCache,
  type ValidationCacheLike,
  type ValidationResult,
} from '../../core/familiar/validation-cache.ts'
export { type FromUnstorageOptions, fromUnstorage, type UnstorageLike } from '../../core/from-unstorage.ts'
export type { IdTokenCheck } from '../../core/ims/oauth.ts'
export {
  type IoredisLike,
  type NodeRedisLike,
  type RedisLike,
  type RedisLockOptions,
  redisLock,
} from '../../core/redis-lock.ts'
export { idTokenSignature } from '../../core/verify/id-token-signature.ts'
export * from './exports-page.ts'
export { serveVault, type VaultOptions } from './vault.ts'
export type { VaultSession } from './vault-messages.ts'
export { type OpenVaultOptions, openVault, type Vault, type VaultLoginOptions } from './vault-page.ts'
