import { degradation } from '../../core/degradation.ts'
import { LoginRequiredError, UnavailableError } from '../../core/errors.ts'
import { checkRedirectUri } from '../../core/login/redirect-uri.ts'
import { badOption, checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { Platform, Redirect, RedirectOptions } from '../../core/ports.ts'
import { pageArrival } from './login/page-arrival.ts'
import { pendingLogins } from './login/pending-logins.ts'
import { frameRedirect } from './login/redirect-frame.ts'
import { pageRedirect } from './login/redirect-page.ts'
import { popupRedirect } from './login/redirect-popup.ts'
import { webLock } from './storage/lock-web.ts'
import { indexedDbStore } from './storage/store-indexeddb.ts'
import { sessionStore, storage } from './storage/store-session.ts'
import { tabChanges } from './storage/tab-changes.ts'

export interface BrowserPlatformOptions {
  /**
   * Where IMS redirects the user to: a page of this origin, registered with the credential. A path such as `/callback` is
   * resolved when a login starts.
   */
  readonly redirectUri?: string | undefined
  /** Another redirect URI for logins in a popup or frame, such as a page that only calls `relayCallback`. */
  readonly relayUri?: string | undefined
  /** Name of the database; default `imskit`. */
  readonly database?: string | undefined
  /** ms that a login in a popup may take; default 300,000. */
  readonly popupTimeout?: number | undefined
  /** ms that a silent login may take; default 10,000. */
  readonly silentTimeout?: number | undefined
  /** Accepts credentials with a secret, although everyone who loads the app can read it: for apps on your own machine. */
  readonly allowSecretsInBrowser?: boolean | undefined
}

/** The names of the options of {@link browserPlatform}. */
export const browserOptions: OptionNames<BrowserPlatformOptions> = {
  redirectUri: 'string',
  relayUri: 'string',
  database: 'string',
  popupTimeout: 1,
  silentTimeout: 1,
  allowSecretsInBrowser: 'boolean',
}

/**
 * The platform of a browser app: encrypted tokens in IndexedDB, one renewal across tabs, login by redirect, popup or
 * hidden frame. You can create it during server-side rendering: it does nothing until it is used.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if the page is not a secure context
 * @example
 * const client = createClient({ flow, ...browserPlatform({ redirectUri: `${location.origin}/callback` }) })
 */
export function browserPlatform(options: BrowserPlatformOptions = {}): Platform {
  checkOptions('browserPlatform', options, browserOptions)
  checkRedirectUri('browserPlatform: redirectUri', options.redirectUri)
  checkRedirectUri('browserPlatform: relayUri', options.relayUri)
  requireSecureContext()
  const { onDegraded, report } = degradation()
  const store = indexedDbStore({ name: options.database, onDegraded })
  return providePlatform({
    store,
    report,
    lock: webLock(),
    pending: pendingLogins(sessionStore(), store),
    redirect: { prepare: (trip) => redirectFor(options, trip).prepare(trip) },
    arrival: pageArrival,
    changes: tabChanges(),
    allowsSecrets: options.allowSecretsInBrowser === true,
  })
}

function redirectFor(
  options: BrowserPlatformOptions,
  { mode = 'redirect', redirectUri }: RedirectOptions = {},
): Redirect {
  if (globalThis.document === undefined) {
    const message = 'A user can sign in only in a browser; call login() there'
    throw new LoginRequiredError('LOGIN_NOT_POSSIBLE', message)
  }
  const page = options.redirectUri ?? redirectUri
  const uri = mode === 'redirect' ? page : (options.relayUri ?? page)
  if (uri === undefined)
    throw badOption(
      'A login needs redirectUri: set it in authorizationCode({ redirectUri }) or browserPlatform({ redirectUri }) to a page of this origin that is registered with the credential',
    )
  // IMS would redirect the user to an app that does not know the login, and that asks the user to sign in again
  if (mode === 'redirect' && storage() === undefined) {
    const message = "The browser denies sessionStorage; allow site data, or call login({ mode: 'popup' })"
    throw new UnavailableError('STORE_FAILED', message)
  }
  if (mode === 'popup') return popupRedirect({ redirectUri: uri, timeout: options.popupTimeout })
  return mode === 'silent' ? frameRedirect({ redirectUri: uri, timeout: options.silentTimeout }) : pageRedirect(uri)
}

function requireSecureContext(): void {
  // undefined on a server
  if (globalThis.isSecureContext !== false) return
  throw badOption(
    `The origin ${globalThis.location.origin} is not a secure context and has no WebCrypto; serve the app over https, or from localhost`,
  )
}
