import type { LoginClient, RedirectResult } from '../../core/client.ts'
import type { CompatIms, CreateImsOptions } from '../../core/compat/compat-api.ts'
import { kindsOf } from '../../core/compat/context-kind.ts'
import { publicKind } from '../../core/compat/credential-kinds.ts'
import { namedContexts } from '../../core/compat/named-contexts.ts'
import { createEmitter } from '../../core/events.ts'
import { lazy } from '../../core/lazy.ts'
import { createLanding } from '../../core/login/landing.ts'
import type { LoginOptions } from '../../core/login/login-options.ts'
import { storedLogin } from '../../core/login/pending.ts'
import { badOption, pickOptions } from '../../core/options.ts'
import { withPlatform } from '../../core/platform.ts'
import type { Arrival, Json } from '../../core/ports.ts'
import { browserContexts } from './contexts-browser.ts'
import { pageArrival } from './login/page-arrival.ts'
import { type BrowserPlatformOptions, browserOptions, browserPlatform } from './platform.ts'

const loadLogin = /* @__PURE__ */ lazy(() => import('../../core/login/redirect-result.ts'))

/** `kinds`: kinds of credentials with a secret, if `allowSecretsInBrowser` is set. */
export interface BrowserImsOptions extends Partial<Omit<CreateImsOptions, 'redirect'>>, BrowserPlatformOptions {}

export type ContextLoginOptions = Omit<LoginOptions, 'context'>

/** Login and logout by the name of a context, by default of the current one. */
export interface ContextLogins {
  /**
   * Redirects the user to IMS. With `mode: 'popup'` or `'silent'` it resolves to the access token; by default the browser
   * leaves the page, and `handleRedirect` on the page that IMS redirects to finishes the login.
   *
   * @throws {LoginRequiredError} `LOGIN_NOT_POSSIBLE` for a blocked popup, `LOGIN_REQUIRED` if a silent login needs the
   *   user, `ACCESS_DENIED`, `STATE_MISMATCH`
   */
  login(name?: string, options?: ContextLoginOptions): Promise<string>
  /**
   * Finishes a login by redirect, and removes the callback from the address. Resolves to the result, with the name of the
   * context; to `undefined` if the address is not a callback. Call it on every page that can be a redirect URI; a second
   * call on the same page gets the same result.
   *
   * @throws {LoginRequiredError} `STATE_MISMATCH` for a callback that was replayed or is too old
   */
  handleRedirect(): Promise<RedirectResult | undefined>
  /** Removes the tokens in every tab and invalidates them at IMS; resolves to the address that ends the IMS session. */
  logout(name?: string, options?: { postLogoutRedirectUri?: string; signal?: AbortSignal }): Promise<URL>
}

/** The API of `@adobe/aio-lib-ims` with logins, for a browser app. */
export type BrowserIms = CompatIms & ContextLogins

/**
 * Named contexts of a browser app, with their tokens encrypted in IndexedDB, for public clients (`client_id`, `scope`,
 * `redirect_uri`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` if the page is not a secure context
 * @example
 * const ims = createBrowserIms()
 * await ims.context.set('app', { client_id: 'my-app', scope: 'openid', redirect_uri: location.origin })
 * await ims.login('app')
 */
export function createBrowserIms(options: BrowserImsOptions = {}): BrowserIms {
  const kinds = kindsOf(options)
  const platform = withPlatform({ ...browserPlatform(pickOptions(options, browserOptions)), ...forContexts(options) })
  const { store, pending = store, arrival = pageArrival } = platform
  const ims = namedContexts({ contexts: browserContexts(store), ...platform }, [...kinds, publicKind])
  const landing = createLanding<RedirectResult>({
    arrival,
    // the login of a client that the app created itself is for that client
    isOurs: async (url) => isForContext(await storedLogin(pending, url)),
    finish: async (arrival, url) => ({ result: land(await loadLogin(), arrival, url) }),
  })

  async function loginClient(name: string | undefined): Promise<LoginClient> {
    const client = await ims.client(name)
    if ('login' in client) return client
    throw badOption(`IMS context '${name ?? ''}' has a credential without a login; call getToken`)
  }

  // not `redirectResult` of the core: no client exists until the stored login names its context. So the context's redirect
  // URI, which would tell `path` from `state`, is unknown, and a login without a context is left to its own client.
  type Parts = Awaited<ReturnType<typeof loadLogin>>

  async function land(parts: Parts, arrival: Arrival, url: URL): Promise<RedirectResult | undefined> {
    const known = await parts.knownLogin(pending, url)
    if (known?.state !== undefined && known.context === undefined) return undefined
    if (await parts.isElsewhere(known, arrival, url)) return undefined
    if (known === undefined) {
      createEmitter(options.onEvent, platform.observe).emit(parts.ignoredCallback(url, 'state'))
      return undefined
    }
    if (known.context === undefined) throw parts.unknownLogin()
    const client = await loginClient(known.context)
    return parts.redirectOutcome(known, client.finishLogin(url), arrival)
  }

  return {
    ...ims,
    async login(name, options = {}) {
      // the name is stored with the login, so that the redirect page can find the context
      const context = name ?? (await ims.context.getCurrent())
      return (await loginClient(context)).login({ ...options, context })
    },
    handleRedirect: () => landing.read(),
    logout: async (name, options) => (await loginClient(name)).logout(options),
  }
}

const isForContext = (stored: Json | undefined) => typeof stored === 'object' && stored !== null && 'context' in stored

/** The options for the core; the others are for the platform. */
function forContexts(options: BrowserImsOptions): Partial<CreateImsOptions> {
  const others = Object.entries(options).filter(([name]) => name !== 'kinds' && !Object.hasOwn(browserOptions, name))
  return Object.fromEntries(others)
}
