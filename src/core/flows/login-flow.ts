import type { Call } from '../ims/call.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { LoginMethods, TokenMethods } from '../login/login-methods.ts'
import type { LoginParameters } from '../login/login-options.ts'
import type { Json, LoginMode } from '../ports.ts'
import type { SessionMemory } from '../session/state.ts'
import type { Setup } from '../setup.ts'
import { type Flow, needsUser } from './flow.ts'

/** A flow that needs a user. */
export interface LoginFlow extends Flow {
  /** Prepares a sign-in that comes back to `redirectUri`. */
  start(call: Call, redirectUri: string, options: LoginParameters): Promise<{ url: URL; pending: PendingLogin }>
  /** Checks the callback and redeems the authorization code. */
  finish(call: Call, pending: PendingLogin, callback: URL): Promise<Tokens>
  /** Signs the user in without a redirect to the sign-in page; if present, `login` uses it. */
  signIn?(call: Call, options: LoginParameters): Promise<Tokens>
  /** Where IMS redirects the user to, unless the caller or the platform names another address. */
  readonly redirectUri?: string
  /**
   * Adds sign-in and sign-out to a client. The flow brings it, so that clients of other flows have no login in their
   * bundle. A flow of your own takes it from another one: `{ ...authorizationCode(options), signIn }`.
   */
  readonly login: (client: LoginClientParts) => LoginMethods
}

/** What login needs of its client. */
export interface LoginClientParts {
  /** `getToken` and `getTokens` without the user. */
  readonly silent: TokenMethods
  readonly flow: LoginFlow
  readonly setup: Setup
  readonly session: SessionMemory
  /** Aborts when the client is closed. */
  readonly closing: AbortSignal
}

/** A pending login. Stored on the device that started it until the user is redirected back. */
export interface PendingLogin {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** The environment and flow that started it: the code is sent to no other (RFC 9700, section 4.4). */
  readonly endpoint: string
  readonly flowId: string
  /** ms since the epoch */
  readonly expiresAt: number
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
  /** How the user was sent to IMS: in this page, or in a window or frame whose opener waits. */
  readonly mode?: LoginMode | undefined
  /** The named context that it is for. */
  readonly context?: string | undefined
}

export function isLogin(flow: Flow): flow is LoginFlow {
  return needsUser(flow)
}
