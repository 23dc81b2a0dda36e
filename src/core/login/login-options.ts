import type { Json, LoginMode } from '../ports.ts'

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
