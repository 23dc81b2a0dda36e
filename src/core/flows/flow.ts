import type { Call } from '../ims/call.ts'
import type { InvalidatedType } from '../ims/invalidation.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Json, LoginMode } from '../ports.ts'

/** How a credential becomes tokens. A value: what is not imported is not bundled. */
export interface Flow {
  /** The kind of credential, for people and errors. */
  readonly kind: string
  /** Names everything that changes the token and nothing secret: two flows share tokens exactly when their ids are equal. */
  readonly id: string
  readonly clientId: string
  /** The organization the token is for, where the credential names one. */
  readonly orgId?: string | undefined
  /** Whether the credential holds a secret, which a page cannot keep. */
  readonly confidential?: boolean
  /** The scopes asked for. */
  readonly scopes: readonly string[]
  /** Names the person where only a secret tells them apart; becomes part of the key of their tokens. */
  readonly identity?: () => Promise<string>
  /** Ends a token at IMS, as this client. */
  readonly invalidate: (call: Call, type: InvalidatedType, token: string) => Promise<unknown>
  /** Trades a refresh token for new tokens; absent where the flow never gets one. */
  readonly refresh?: (call: Call, refreshToken: string) => Promise<Tokens>
}

/** A flow of a credential that can be used any number of times, without a user. */
export interface MachineFlow extends Flow {
  /** Obtains tokens from nothing but the credential. */
  obtain(call: Call): Promise<Tokens>
}

/** A flow that continues a login from its refresh token. */
export interface ContinuedFlow extends Flow {
  readonly refresh: NonNullable<Flow['refresh']>
  /** The refresh token that the credential brings; the ones that replace it are in the store. */
  firstRefreshToken(): string
}

/** A flow that needs no user. */
export type SilentFlow = MachineFlow | ContinuedFlow

/** A flow that needs a person. */
export interface LoginFlow extends Flow {
  /** Prepares a sign-in that comes back to `redirectUri`. */
  start(call: Call, redirectUri: string, options: LoginParameters): Promise<{ url: URL; pending: PendingLogin }>
  /** Checks where the person came back and redeems the authorization code. */
  finish(call: Call, pending: PendingLogin, callback: URL): Promise<Tokens>
  /** Another way to the person than a redirect to the sign-in page; where present it is taken by `login`. */
  signIn?(call: Call, options: LoginParameters): Promise<Tokens>
  /** Where IMS sends the person back to, unless the caller or the platform says otherwise. */
  readonly redirectUri?: string
}

/** What a sign-in may ask of IMS. */
export interface LoginParameters {
  /** `none`: without a page, or not at all; `login`: ask for the password again. */
  readonly prompt?: string | undefined
  /** Whom to sign in, as IMS should suggest it. */
  readonly loginHint?: string | undefined
  /** Language of the sign-in page, such as `de_DE`. */
  readonly locale?: string | undefined
  /** Further parameters of the authorization request; what the protocol itself sets cannot be replaced. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** A sign-in under way. Kept on the device that began it until the person comes back. */
export interface PendingLogin {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** The environment and flow that began it: the code goes nowhere else (RFC 9700, section 4.4). */
  readonly endpoint: string
  readonly flowId: string
  /** ms since the epoch */
  readonly expiresAt: number
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
  /** How the person was sent away: with the page itself, or in a window or frame whose opener waits. */
  readonly mode?: LoginMode | undefined
  /** The named context that it is for. */
  readonly context?: string | undefined
}

export function isMachine(flow: Flow): flow is MachineFlow {
  return 'obtain' in flow
}

export function isContinued(flow: Flow): flow is ContinuedFlow {
  return 'firstRefreshToken' in flow
}

export function isSilent(flow: Flow): flow is SilentFlow {
  return isMachine(flow) || isContinued(flow)
}

export function isLogin(flow: Flow): flow is LoginFlow {
  return 'start' in flow
}
