// the whole library as far as it makes sense in a page; `exports-login.ts` leaves out the low-level API

export { CLI, CONFIG, CONTEXTS, CURRENT, IMS } from '../../core/compat/context-names.ts'
export { createIms } from '../../core/compat/create-ims.ts'
export { idTokenSignature } from '../../core/flows/authorization-code.ts'
export type { IdTokenCheck } from '../../core/ims/oauth.ts'
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
} from '../../core/low-level/ims.ts'
export {
  ValidationCache,
  type ValidationCacheLike,
  type ValidationResult,
} from '../../core/low-level/validation-cache.ts'
export * from './exports-login.ts'
export { serveVault, type VaultOptions } from './vault/vault.ts'
export type { VaultSession } from './vault/vault-messages.ts'
export { type OpenVaultOptions, openVault, type Vault, type VaultLoginOptions } from './vault/vault-page.ts'
