import type { LoginClient } from '../../core/client.ts'
import { ConfigurationError } from '../../core/errors.ts'
import type { CreateImsOptions, FamiliarIms } from '../../core/familiar/familiar-api.ts'
import { publicKind } from '../../core/familiar/kind-public.ts'
import { namedContexts } from '../../core/familiar/named-contexts.ts'
import { late } from '../../core/late.ts'
import { withPlatform } from '../../core/platform.ts'
import type { Json } from '../../core/ports.ts'
import type { LoginOptions } from '../../core/sign-in.ts'
import { browserContexts } from './contexts-browser.ts'
import { pageArrival } from './page-arrival.ts'
import { type BrowserPlatformOptions, browserPlatform } from './platform.ts'

const loadLogin = /* @__PURE__ */ late(() => import('../../core/login.ts'))

/** `kinds`: kinds of credential with a secret, for a page that allows secrets. */
export interface BrowserImsOptions extends Partial<Omit<CreateImsOptions, 'redirect'>>, BrowserPlatformOptions {}

export type ContextLoginOptions = Omit<LoginOptions, 'context'>

/** What a person came back from. */
export interface Landing {
  /** Name of the context that they signed in with. */
  readonly context: string
  readonly returnTo?: string | undefined
  readonly appState?: Json | undefined
}

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
   * Ends a login by redirect, and clears the address of it; `undefined` on a page that nobody came back to. Call it
   * once a page that can be a redirect URI is loaded; a second call on the same page gets the same answer.
   *
   * @throws {LoginRequiredError} `STATE_MISMATCH` for an answer to no login of this tab, `ACCESS_DENIED`
   */
  handleRedirect(): Promise<Landing | undefined>
  /** Ends the tokens here, in every tab and at IMS; resolves to the address that ends the person's session there. */
  logout(name?: string, options?: { redirectUri?: string; signal?: AbortSignal }): Promise<URL>
}

/** The familiar surface of a page. */
export type BrowserIms = FamiliarIms & ContextLogins

/**
 * Named contexts of a page, their tokens sealed in IndexedDB, for public clients (`client_id`, `scope`,
 * `redirect_uri`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` in a page that is no secure context
 */
export function createBrowserIms(options: BrowserImsOptions = {}): BrowserIms {
  const { kinds = [] } = options
  const platform = withPlatform({ ...browserPlatform(options), ...withoutPageOptions(options) })
  const { store, pending = store, arrival = pageArrival } = platform
  const ims = namedContexts({ contexts: browserContexts(store), ...platform }, [...kinds, publicKind])
  let arrived: { readonly from: string; at?: string; landing?: Promise<Landing | undefined> } | undefined

  async function loginClient(name: string | undefined): Promise<LoginClient> {
    const client = await ims.client(name)
    if ('login' in client) return client
    const message = `IMS context '${name ?? ''}' has a credential that nobody signs in with; call getToken`
    throw new ConfigurationError('BAD_OPTION', message)
  }

  async function land(callback: URL, page: { at?: string }): Promise<Landing | undefined> {
    const { pendingLogin, unknownLogin } = await loadLogin()
    const login = await pendingLogin(pending, callback)
    // one of a client that the page made itself is left to that
    if (login !== undefined && login.context === undefined) return undefined
    arrival.clear()
    page.at = arrival.here()
    const here = login?.context !== undefined && (login.mode ?? 'redirect') === 'redirect'
    // a popup or frame, whose page waits for it
    if (!here && (await arrival.handOver(callback))) return undefined
    if (login?.context === undefined) throw unknownLogin()
    const { returnTo, appState } = await (await loginClient(login.context)).finishLogin(callback)
    arrival.completed()
    return {
      context: login.context,
      ...(returnTo !== undefined && { returnTo }),
      ...(appState !== undefined && { appState }),
    }
  }

  return {
    ...ims,
    async login(name, asked = {}) {
      // the name goes along with the login, so that the page that it comes back to knows whose it is
      const context = name ?? (await ims.context.getCurrent())
      return (await loginClient(context)).login({ ...asked, context })
    },
    async handleRedirect() {
      const here = arrival.here()
      // a page that is rendered twice asks twice
      if (arrived?.from === here || arrived?.at === here) return arrived?.landing
      const callback = arrival.url()
      if (callback === undefined) return undefined
      arrived = { from: here }
      arrived.landing = land(callback, arrived)
      return arrived.landing
    },
    logout: async (name, asked) => (await loginClient(name)).logout(asked),
  }
}

/** What is for the core; what is for the page's own platform is read there. */
function withoutPageOptions(options: BrowserImsOptions): Partial<CreateImsOptions> {
  const {
    redirectUri: _r,
    relayUri: _y,
    database: _d,
    popupTimeout: _p,
    silentTimeout: _s,
    allowSecretsInBrowser: _a,
    kinds: _k,
    ...rest
  } = options
  return rest
}
