import type { LoginRequiredError } from '../errors.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Json } from '../ports.ts'
import type { TokenSet } from '../token-set.ts'
import type { LoginGetTokenOptions, LoginOptions, StartLoginOptions } from './login-options.ts'
import type { SessionView } from './view-state.ts'

/** How a client whose credential needs a user returns tokens. */
export interface TokenMethods {
  /**
   * The access token. Asks the user only with `interaction: 'login'`; otherwise, if a new token needs them, it rejects
   * with `LOGIN_REQUIRED`.
   *
   * @example
   * const token = await client.getToken({ interaction: 'login' })
   *
   * @throws {LoginRequiredError} `LOGIN_REQUIRED`; with `interaction: 'login'` what {@link login} rejects with
   * @throws {UnavailableError} if the store, the lock or IMS does not answer; that does not send the user to sign in
   */
  getToken(options?: LoginGetTokenOptions): Promise<string>
  /** Like `getToken`, with expiry, scopes and id token claims. */
  getTokens(options?: LoginGetTokenOptions): Promise<TokenSet>
}

/** The methods of a client whose credential needs a user. */
export interface LoginMethods extends TokenMethods {
  /** Whether a user is signed in: what user interfaces show and subscribe to. */
  readonly session: SessionView
  /**
   * Redirects the user to IMS and resolves to the access token once they are back.
   *
   * @example
   * const token = await client.login({ mode: 'popup' })
   */
  login(options?: LoginOptions): Promise<string>
  /**
   * Starts a login and resolves to the address to send the user to; {@link finishLogin} finishes it.
   *
   * @example
   * response.redirect((await client.startLogin({ returnTo: '/inbox' })).href)
   */
  startLogin(options?: StartLoginOptions): Promise<URL>
  /**
   * Finishes a login with the URL that IMS redirected the user to.
   *
   * @example
   * const { accessToken, returnTo } = await client.finishLogin(request.url)
   */
  finishLogin(callback: URL | string, options?: { signal?: AbortSignal }): Promise<FinishedLogin>
  /**
   * Finishes a login by redirect on the page that IMS redirected to, and removes the answer from its address. Resolves to
   * the result, which may be that the user did not sign in. `undefined` on any other page, and if another page waits for
   * the login. An address that does not answer a login of this client stays as it is, with an event `callback-ignored`.
   * Call it on every page that can be a redirect URI, once the page is loaded.
   *
   * @example
   * const result = await client.handleRedirect()
   * if (result?.status === 'denied') showSignInButton()
   *
   * @throws {LoginRequiredError} `STATE_MISMATCH` for an answer that was replayed, came too late or is for another client
   */
  handleRedirect(): Promise<RedirectResult | undefined>
  /**
   * Invalidates the tokens and removes them from the store; resolves to the address that signs the user out at IMS. If
   * IMS refuses to invalidate them or does not answer, that is an `error` event with `during: 'invalidating'`; a caller
   * that needs it as an error calls `invalidate` first.
   *
   * @example
   * location.href = (await client.logout({ postLogoutRedirectUri: location.origin })).href
   */
  logout(options?: { postLogoutRedirectUri?: string; signal?: AbortSignal }): Promise<URL>
}

export interface FinishedLogin extends TokenSet {
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
}

/** The result of a login by redirect. */
export type RedirectResult = RedirectOutcome<TokenSet>

/** The result of a login by redirect; `T` is the type of its tokens. */
export type RedirectOutcome<T> =
  | {
      readonly status: 'signedIn'
      readonly tokens: T
      readonly returnTo?: string | undefined
      readonly appState?: Json | undefined
      /** The named context that the login is for, if it is for one. */
      readonly context?: string | undefined
    }
  | {
      /** The user did not sign in or refused consent, or IMS could not sign them in without showing a page. */
      readonly status: 'denied'
      readonly error: LoginRequiredError
      readonly returnTo?: string | undefined
      readonly appState?: Json | undefined
    }

/** What a login that succeeded brought. */
export interface LoginResult {
  readonly tokens: Tokens
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
}
