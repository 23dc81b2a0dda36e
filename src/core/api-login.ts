// what every entry exports, the smallest browser bundle included: no flow with a secret, no low-level API

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
export {
  type ContextData,
  type ContextStore,
  type StoredToken,
  storedContexts,
  type TokenPatch,
} from './compat/contexts.ts'
export * from './errors.ts'
export type { Emit, ImsEvent, ImsEventOf, ImsEventType, OperationName, Report, TokenSource } from './events.ts'
export { type ExplainErrorOptions, explainError } from './explain-error.ts'
export { adobeOrigins } from './fetch/allowed-origins.ts'
export type { AuthorizedFetch } from './fetch/authorized-fetch.ts'
export type { AuthorizationCodeOptions } from './flows/authorization-code.ts'
export type { Scopes } from './flows/credentials.ts'
export type { ContinuedFlow, Flow, MachineFlow, SilentFlow } from './flows/flow.ts'
export type { LoginFlow, PendingLogin } from './flows/login-flow.ts'
export type { Resource } from './flows/resource.ts'
export type { Call } from './ims/call.ts'
export { getTokenData, type TokenClaims } from './ims/decode-token.ts'
export type { ImsEnv } from './ims/environment.ts'
export type { RetryPolicy } from './ims/retry.ts'
export type { Tokens } from './ims/tokens.ts'
export { preload } from './lazy.ts'
export type { RedirectOutcome } from './login/login-methods.ts'
export type { LoginGetTokenOptions, LoginOptions, LoginParameters, StartLoginOptions } from './login/login-options.ts'
export type { SessionState, SessionView } from './login/view-state.ts'
export { type MemoryStoreOptions, memoryPlatform, memoryStore, noLock, processLock, systemClock } from './memory.ts'
export type {
  Arrival,
  Change,
  Changes,
  Clock,
  ConnectionDefaults,
  Fetch,
  Hold,
  Json,
  Lock,
  LoginMode,
  Platform,
  Redirect,
  RedirectOptions,
  Store,
  Trip,
} from './ports.ts'
export type { CachedTokenOptions, GetTokenOptions } from './session/session.ts'
export type { ConnectionOptions } from './setup.ts'
export type { VerifyTokenOptions } from './verify/verify-token.ts'
