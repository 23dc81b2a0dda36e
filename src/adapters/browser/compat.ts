import type { LoginClient, RedirectResult } from '../../core/client.ts'
import type { CompatIms, CreateImsOptions } from '../../core/compat/compat-api.ts'
import { kindsOf } from '../../core/compat/context-kind.ts'
import { publicKind } from '../../core/compat/credential-kinds.ts'
import { namedContexts } from '../../core/compat/named-contexts.ts'
import { ConfigurationError } from '../../core/errors.ts'
import { createEmitter } from '../../core/events.ts'
import { lazy } from '../../core/lazy.ts'
import { createLanding } from '../../core/login/landing.ts'
import type { LoginOptions } from '../../core/login/login-options.ts'
import { storedLogin } from '../../core/login/pending.ts'
import { pickOptions } from '../../core/options.ts'
import { withPlatform } from '../../core/platform.ts'
import type { Arrival, Json } from '../../core/ports.ts'
import { browserContexts } from './contexts-browser.ts'
import { pageArrival } from './login/page-arrival.ts'
import { type BrowserPlatformOptions, browserOptions, browserPlatform } from './platform.ts'

const loadLogin = /* @__PURE__ */ lazy(() => import('../../core/login/redirect-result.ts'))

/** `kinds`: kinds of credential with a secret, for a page that allows secrets. */
export interface BrowserImsOptions extends Partial<Omit<CreateImsOptions, 'redirect'>>, BrowserPlatformOptions {}

export type ContextLoginOptions = Omit<LoginOptions, 'context'>

/** Sign-in and sign-out by the name of a context; without a name by the current one. */
export interface ContextLogins {
  /**
   * Sends the person to IMS. With `mode: 'popup'` or `'silent'` it resolves to the access token; by default the page
   * itself goes, and `handleRedirect` on the page that IMS comes back to ends the login.
   *
   * @throws {LoginRequiredError} `LOGIN_NOT_POSSIBLE` for a blocked popup, `LOGIN_REQUIRED` where a silent login needs
   *   the person, `ACCESS_DENIED`, `STATE_MISMATCH`
   */
  login(name?: string, options?: ContextLoginOptions): Promise<string>
  /**
   * Finishes a login by redirect, and removes its answer from the address. Resolves to how it went, with the name of the
   * context; `undefined` on a page that answers no login. Call it once a page that can be a redirect URI is loaded; a
   * second call on the same page gets the same result.
   *
   * @throws {LoginRequiredError} `STATE_MISMATCH` for an answer that was replayed or came too late
   */
  handleRedirect(): Promise<RedirectResult | undefined>
  /** Ends the tokens here, in every tab and at IMS; resolves to the address that ends the person's session there. */
  logout(name?: string, options?: { postLogoutRedirectUri?: string; signal?: AbortSignal }): Promise<URL>
}

/** The familiar surface of a page. */
export type BrowserIms = CompatIms & ContextLogins

/**
 * Named contexts of a page, their tokens sealed in IndexedDB, for public clients (`client_id`, `scope`,
 * `redirect_uri`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` in a page that is no secure context
 */
export function createBrowserIms(options: BrowserImsOptions = {}): BrowserIms {
  const kinds = kindsOf(options)
  const platform = withPlatform({ ...browserPlatform(pickOptions(options, browserOptions)), ...forContexts(options) })
  const { store, pending = store, arrival = pageArrival } = platform
  const ims = namedContexts({ contexts: browserContexts(store), ...platform }, [...kinds, publicKind])
  const landing = createLanding<RedirectResult>({
    arrival,
    // one of a client that the page made itself is left to that
    isOurs: async (url) => isForContext(await storedLogin(pending, url)),
    finish: async (arrival, url) => ({ result: land(await loadLogin(), arrival, url) }),
  })

  async function loginClient(name: string | undefined): Promise<LoginClient> {
    const client = await ims.client(name)
    if ('login' in client) return client
    const message = `IMS context '${name ?? ''}' has a credential that nobody signs in with; call getToken`
    throw new ConfigurationError('BAD_OPTION', message)
  }

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
    async login(name, asked = {}) {
      // the name goes along with the login, so that the page that it comes back to knows whose it is
      const context = name ?? (await ims.context.getCurrent())
      return (await loginClient(context)).login({ ...asked, context })
    },
    handleRedirect: () => landing.read(),
    logout: async (name, asked) => (await loginClient(name)).logout(asked),
  }
}

const isForContext = (stored: Json | undefined) => typeof stored === 'object' && stored !== null && 'context' in stored

/** What is for the core; what is for the page's own platform is read there. */
function forContexts(options: BrowserImsOptions): Partial<CreateImsOptions> {
  const others = Object.entries(options).filter(([name]) => name !== 'kinds' && !Object.hasOwn(browserOptions, name))
  return Object.fromEntries(others)
}
