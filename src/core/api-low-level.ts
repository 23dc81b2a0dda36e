// the low-level API and the named contexts of @adobe/aio-lib-ims, which a browser app may use too

export { CLI, CONFIG, CONTEXTS, CURRENT, IMS } from './compat/context-names.ts'
export { createIms } from './compat/create-ims.ts'
export type { PrivateKeySource } from './keys/read-private-key.ts'
export { type DeepLink, signUp, socialLogin } from './login/deep-links.ts'
export { Ims } from './low-level/ims.ts'
export type { ImsOptions } from './low-level/ims-options.ts'
export type { AdminRequest, ImsUsers } from './low-level/ims-users.ts'
export * from './low-level/parameter-names.ts'
export type { ProductContext } from './low-level/product-contexts.ts'
export type {
  PromiseExchange,
  PromiseExchangeRequest,
  PromiseToken,
  PromiseTokenRequest,
} from './low-level/promise-grants.ts'
export type { ClientCredential } from './low-level/request-token.ts'
export type { ExchangeTokenRequest } from './low-level/token-grants.ts'
export type { ExpiringToken, TokenResult } from './low-level/token-result.ts'
export type { ImsValidation } from './low-level/validation.ts'
export { ValidationCache, type ValidationCacheLike, type ValidationResult } from './low-level/validation-cache.ts'
