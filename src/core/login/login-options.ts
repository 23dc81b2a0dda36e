import type { Json, LoginMode } from '../ports.ts'
import type { GetTokenOptions } from '../session/session.ts'

/** What a sign-in may ask of IMS. */
export interface LoginParameters {
  /** `none`: without showing a page, or not at all; `login`: ask for the password again. */
  readonly prompt?: string | undefined
  /** The user whom IMS should suggest, such as an email address. */
  readonly loginHint?: string | undefined
  /** Language of the sign-in page, such as `de_DE`. */
  readonly locale?: string | undefined
  /** Further parameters of the authorization request; what the protocol itself sets cannot be replaced. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

export interface LoginOptions extends LoginParameters {
  /** How the user is taken to IMS, if the platform supports several ways. Default: `redirect`. */
  readonly mode?: LoginMode | undefined
  readonly signal?: AbortSignal | undefined
  /** Stored with the login on this device and returned after it; never sent. */
  readonly appState?: Json | undefined
  /** Where the app continues after the login: an address of the app itself. Stored like `appState`. */
  readonly returnTo?: string | undefined
  /** @internal the named context that the login is for */
  readonly context?: string | undefined
}

export interface StartLoginOptions extends LoginOptions {
  /** Where IMS redirects the user to. Default: the flow's. */
  readonly redirectUri?: string | undefined
}

/** Options of `getToken` and `getTokens` of a client whose credential needs a user. */
export interface LoginGetTokenOptions extends GetTokenOptions, LoginOptions {
  /**
   * `login`: if `LOGIN_REQUIRED` would be the outcome, and only then, the user is sent to sign in, with the options of
   * `login`. Calls that need it at the same time share one login. Default: `none`.
   */
  readonly interaction?: 'none' | 'login' | undefined
}
