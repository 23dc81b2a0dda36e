import type { RedirectResult } from '../../core/client.ts'
import type { CompatGetTokenOptions, ContextApi } from '../../core/compat/compat-api.ts'
import { lazyContext, lazyIms } from '../../core/compat/lazy-ims.ts'
import { type BrowserIms, type ContextLoginOptions, createBrowserIms } from './compat.ts'

// sign in, tokens, fetch, sign out; what needs a secret has no place in a browser app

export {
  type Client,
  type ClientOptions,
  createClient,
  type FinishedLogin,
  type LoginClient,
  type RedirectResult,
  type TokenSet,
} from '../../core/client.ts'
export type {
  CompatGetTokenOptions,
  CompatIms,
  ContextApi,
  CreateImsOptions,
  NamedContext,
} from '../../core/compat/compat-api.ts'
export type { ContextKind } from '../../core/compat/context-kind.ts'
export { type ContextData, type ContextStore, storedContexts } from '../../core/compat/contexts.ts'
export * from '../../core/errors.ts'
export type { Emit, ImsEvent, ImsEventOf, ImsEventType, TokenSource } from '../../core/events.ts'
export { adobeOrigins } from '../../core/fetch/allowed-origins.ts'
export type { AuthorizedFetch } from '../../core/fetch/authorized-fetch.ts'
export type { AuthorizationCodeOptions, CodeFlowOptions } from '../../core/flows/authorization-code.ts'
export type { Scopes } from '../../core/flows/credentials.ts'
export type { Flow, SilentFlow } from '../../core/flows/flow.ts'
export type { LoginFlow, PendingLogin } from '../../core/flows/login-flow.ts'
export type { Call } from '../../core/ims/call.ts'
export { getTokenData, type TokenClaims } from '../../core/ims/decode-token.ts'
export type { ImsEnv } from '../../core/ims/environment.ts'
export type { RetryPolicy } from '../../core/ims/retry.ts'
export type { Tokens } from '../../core/ims/tokens.ts'
export type { RedirectOutcome } from '../../core/login/login-methods.ts'
export type { LoginOptions, LoginParameters, StartLoginOptions } from '../../core/login/login-options.ts'
export {
  type MemoryStoreOptions,
  memoryPlatform,
  memoryStore,
  noLock,
  processLock,
  systemClock,
} from '../../core/memory.ts'
export type {
  Arrival,
  Change,
  Changes,
  Clock,
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
} from '../../core/ports.ts'
export type { GetTokenOptions } from '../../core/session/session.ts'
export type { ConnectionOptions } from '../../core/setup.ts'
export {
  type BrowserIms,
  type BrowserImsOptions,
  type ContextLoginOptions,
  type ContextLogins,
  createBrowserIms,
} from './compat.ts'
export { pageArrival, relayCallback } from './login/page-arrival.ts'
export { authorizationCode, type PublicClientOptions } from './login/public-client.ts'
export { type FrameOptions, frameRedirect } from './login/redirect-frame.ts'
export { pageRedirect } from './login/redirect-page.ts'
export { type PopupOptions, popupRedirect } from './login/redirect-popup.ts'
export { type BrowserPlatformOptions, browserPlatform } from './platform.ts'
export { type WebLockOptions, webLock } from './storage/lock-web.ts'
export { type IndexedDbStoreOptions, indexedDbStore } from './storage/store-indexeddb.ts'
export { type SessionStoreOptions, sessionStore } from './storage/store-session.ts'
export { tabChanges } from './storage/tab-changes.ts'

const ims = /* @__PURE__ */ lazyIms(() => createBrowserIms())

/** The named contexts of the default client, in IndexedDB. */
export const context: ContextApi = /* @__PURE__ */ lazyContext(ims)

/** The access token of a named context; without a name of the current one. Where a person is needed: `LOGIN_REQUIRED`. */
export const getToken = (name?: string, options?: CompatGetTokenOptions): Promise<string> =>
  ims().getToken(name, options)

/** Ends the tokens of a named context, at IMS and here. */
export const invalidateToken: BrowserIms['invalidateToken'] = (name, force) => ims().invalidateToken(name, force)

/** Sends the person to IMS, for a named context; see {@link BrowserIms}. */
export const login = (name?: string, options?: ContextLoginOptions): Promise<string> => ims().login(name, options)

/** Finishes a login by redirect on the page that IMS redirected to; `undefined` on any other. */
export const handleRedirect = (): Promise<RedirectResult | undefined> => ims().handleRedirect()

/** Ends the tokens of a named context everywhere; resolves to the address that ends the person's session at IMS. */
export const logout: BrowserIms['logout'] = (name, options) => ims().logout(name, options)
