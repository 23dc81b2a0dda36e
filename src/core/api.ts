// what every entry shares, but for the default client: that is the runtime's

export {
  type Client,
  type ClientOptions,
  createClient,
  type FinishedLogin,
  type LoginClient,
  type RedirectResult,
  type TokenSet,
} from './client.ts'
export type {
  CompatGetTokenOptions,
  CompatIms,
  ContextApi,
  CreateImsOptions,
  NamedContext,
} from './compat/compat-api.ts'
export type { ContextKind } from './compat/context-kind.ts'
export { CLI, CONFIG, CONTEXTS, CURRENT, IMS } from './compat/context-names.ts'
export {
  type ContextData,
  type ContextStore,
  type StoredToken,
  storedContexts,
  type TokenPatch,
} from './compat/contexts.ts'
export { createIms } from './compat/create-ims.ts'
export * from './errors.ts'
export type { Emit, ImsEvent, ImsEventOf, ImsEventType, TokenSource } from './events.ts'
export { type ExplainErrorOptions, explainError } from './explain-error.ts'
export { adobeOrigins } from './fetch/allowed-origins.ts'
export type { AuthorizedFetch } from './fetch/authorized-fetch.ts'
export { type AuthorizationCodeOptions, authorizationCode } from './flows/authorization-code.ts'
export { type ClientCredentialsOptions, clientCredentials } from './flows/client-credentials.ts'
export { type ClusterExchangeOptions, clusterExchange } from './flows/cluster-exchange.ts'
export type { Scopes } from './flows/credentials.ts'
export type {
  ContinuedFlow,
  Flow,
  LoginFlow,
  LoginParameters,
  MachineFlow,
  PendingLogin,
  SilentFlow,
} from './flows/flow.ts'
export { type JwtBearerOptions, jwtBearer } from './flows/jwt-bearer.ts'
export { type RefreshTokenOptions, refreshToken } from './flows/refresh-token.ts'
export { type ServiceTokenOptions, serviceToken } from './flows/service-token.ts'
export { type SignAssertionOptions, signAssertion } from './flows/sign-assertion.ts'
export { type FromUnstorageOptions, fromUnstorage, type UnstorageLike } from './from-unstorage.ts'
export type { Call } from './ims/call.ts'
export { getTokenData, type TokenClaims } from './ims/decode-token.ts'
export type { ImsEnv } from './ims/environment.ts'
export type { RetryPolicy } from './ims/retry-policy.ts'
export type { Tokens } from './ims/tokens.ts'
export type { PrivateKeySource } from './keys/read-private-key.ts'
export type { LoginOptions, RedirectOutcome, StartLoginOptions } from './login/sign-in.ts'
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
export { type MemoryStoreOptions, memoryPlatform, memoryStore, noLock, processLock, systemClock } from './memory.ts'
export type { Clock, Fetch, Hold, Json, Lock, Platform, Redirect, Store, Trip } from './ports.ts'
export { type IoredisLike, type NodeRedisLike, type RedisLike, type RedisLockOptions, redisLock } from './redis-lock.ts'
export type { GetTokenOptions } from './session/session.ts'
export type { ConnectionOptions } from './setup.ts'
export type { VerifyTokenOptions } from './verify/verify-token.ts'
