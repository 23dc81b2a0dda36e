// the low-level API and the named contexts of @adobe/aio-lib-ims, which a browser app may use too

export { CLI, CONFIG, CONTEXTS, CURRENT, IMS } from './compat/context-names.ts'
export { createIms } from './compat/create-ims.ts'
export type { PrivateKeySource } from './keys/read-private-key.ts'
export {
  ACCESS_TOKEN,
  AUTHORIZATION_CODE,
  CLIENT_CREDENTIALS,
  CLIENT_ID,
  CLIENT_SECRET,
  type ClientCredential,
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
} from './low-level/ims.ts'
export type { ExpiringToken, TokenResult } from './low-level/token-result.ts'
export { ValidationCache, type ValidationCacheLike, type ValidationResult } from './low-level/validation-cache.ts'
