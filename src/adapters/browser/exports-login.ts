import type { RedirectResult } from '../../core/client.ts'
import type { CompatGetTokenOptions, ContextApi } from '../../core/compat/compat-api.ts'
import { lazyContext, lazyIms } from '../../core/compat/lazy-ims.ts'
import { type BrowserIms, type ContextLoginOptions, createBrowserIms } from './compat.ts'

// login, tokens, fetch, logout: the whole of a browser app without a backend

export * from '../../core/api-login.ts'
export type { CodeFlowOptions } from '../../core/flows/authorization-code.ts'
export type { IdTokenCheck } from '../../core/ims/oauth.ts'
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

/**
 * The access token of a named context, by default of the current one. Rejects with `LOGIN_REQUIRED` if the user has to
 * sign in.
 *
 * @example
 * await getToken('app')
 */
export const getToken = (name?: string, options?: CompatGetTokenOptions): Promise<string> =>
  ims().getToken(name, options)

/** Invalidates the tokens of a named context at IMS, and removes them from the context. */
export const invalidateToken: BrowserIms['invalidateToken'] = (name, force) => ims().invalidateToken(name, force)

/**
 * Redirects the user to IMS, for a named context; see {@link BrowserIms}.
 *
 * @example
 * await login('app', { mode: 'popup' })
 */
export const login = (name?: string, options?: ContextLoginOptions): Promise<string> => ims().login(name, options)

/** Finishes a login by redirect; resolves to `undefined` if the address is not a callback. */
export const handleRedirect = (): Promise<RedirectResult | undefined> => ims().handleRedirect()

/** Invalidates the tokens of a named context everywhere; resolves to the address that ends the IMS session. */
export const logout: BrowserIms['logout'] = (name, options) => ims().logout(name, options)
