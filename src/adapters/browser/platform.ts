import { ConfigurationError, LoginRequiredError } from '../../core/errors.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { Platform, Redirect, RedirectOptions } from '../../core/ports.ts'
import { pageArrival } from './login/page-arrival.ts'
import { pendingLogins } from './login/pending-logins.ts'
import { frameRedirect } from './login/redirect-frame.ts'
import { pageRedirect } from './login/redirect-page.ts'
import { popupRedirect } from './login/redirect-popup.ts'
import { webLock } from './storage/lock-web.ts'
import { indexedDbStore } from './storage/store-indexeddb.ts'
import { sessionStore } from './storage/store-session.ts'
import { tabChanges } from './storage/tab-changes.ts'

export interface BrowserPlatformOptions {
  /** Where IMS sends the person back to: a page of this origin, registered with the credential. */
  readonly redirectUri?: string | undefined
  /** Another page to come back to in a popup or frame, such as one that only calls `relayCallback`. */
  readonly relayUri?: string | undefined
  /** Name of the database; default `imskit`. */
  readonly database?: string | undefined
  /** ms that a login in a popup may take; default 300,000. */
  readonly popupTimeout?: number | undefined
  /** ms that a silent login may take; default 10,000. */
  readonly silentTimeout?: number | undefined
  /** Accepts credentials with a secret, though everyone who is sent the page can read it: for pages that stay on one's own machine. */
  readonly allowSecretsInBrowser?: boolean | undefined
}

/** The options of a page's platform by their names. */
export const browserOptions: OptionNames<BrowserPlatformOptions> = {
  redirectUri: 1,
  relayUri: 1,
  database: 1,
  popupTimeout: 1,
  silentTimeout: 1,
  allowSecretsInBrowser: 1,
}

/**
 * What a page lends the core: tokens sealed in IndexedDB, one renewal across tabs, login by redirect, popup or hidden
 * frame. Can be made while rendering on a server, where it does nothing until it is used.
 *
 * @throws {ConfigurationError} `BAD_OPTION` in a page that is no secure context
 */
export function browserPlatform(options: BrowserPlatformOptions = {}): Platform {
  checkOptions('browserPlatform', options, browserOptions)
  requireSecureContext()
  const degrading = said<string>()
  const store = indexedDbStore({ name: options.database, onDegraded: degrading.say })
  return providePlatform({
    store,
    report: (emit) => degrading.hear((reason) => emit({ type: 'store-degraded', reason })),
    lock: webLock(),
    pending: pendingLogins(sessionStore(), store),
    redirect: { prepare: (asked) => redirectFor(options, asked).prepare(asked) },
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
    const message = 'there is no page here that a person could sign in with; call login() in the browser'
    throw new LoginRequiredError('LOGIN_NOT_POSSIBLE', message)
  }
  const page = options.redirectUri ?? redirectUri
  const back = mode === 'redirect' ? page : (options.relayUri ?? page)
  if (back === undefined) {
    const where = 'authorizationCode({ redirectUri }) or browserPlatform({ redirectUri })'
    throw new ConfigurationError(
      'BAD_OPTION',
      `a login needs redirectUri: set it in ${where} to a page of this origin that is registered with the credential`,
    )
  }
  if (mode === 'popup') return popupRedirect({ redirectUri: back, timeout: options.popupTimeout })
  return mode === 'silent' ? frameRedirect({ redirectUri: back, timeout: options.silentTimeout }) : pageRedirect(back)
}

/** Passes on what was said, to later listeners too. */
function said<T>(): { say(what: T): void; hear(listener: (what: T) => void): void } {
  const listeners: ((what: T) => void)[] = []
  const all: T[] = []
  return {
    say(what) {
      all.push(what)
      for (const listener of listeners) listener(what)
    },
    hear(listener) {
      listeners.push(listener)
      for (const what of all) listener(what)
    },
  }
}

function requireSecureContext(): void {
  // undefined on a server
  if (globalThis.isSecureContext !== false) return
  const message = `this page (${globalThis.location.origin}) is no secure context, so the browser keeps WebCrypto from it; serve it over https, or from localhost`
  throw new ConfigurationError('BAD_OPTION', message)
}
