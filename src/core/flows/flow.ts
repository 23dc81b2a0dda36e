import type { Call } from '../ims/call.ts'
import type { InvalidatedType } from '../ims/endpoints/invalidate-token.ts'
import type { Tokens } from '../ims/tokens.ts'

/** How a credential becomes tokens. A value: what is not imported is not in the bundle. */
export interface Flow {
  /** The kind of credential, for error messages. */
  readonly kind: string
  /** Names everything that changes the token and nothing secret: two flows share tokens exactly when their ids are equal. */
  readonly id: string
  readonly clientId: string
  /** The organization that the token is for, if the credential names one. */
  readonly orgId?: string | undefined
  /** Whether the credential holds a secret, which a browser app cannot protect. */
  readonly confidential?: boolean
  /** The requested scopes. */
  readonly scopes: readonly string[]
  /** Names the user if only a secret tells users apart; becomes part of the key of their tokens. */
  readonly identity?: () => Promise<string>
  /** Invalidates a token at IMS, as this client. */
  readonly invalidate: (call: Call, type: InvalidatedType, token: string) => Promise<unknown>
  /** Redeems a refresh token for new tokens; absent if the flow never gets one. */
  readonly refresh?: (call: Call, refreshToken: string) => Promise<Tokens>
  /**
   * What the session of a client needs to renew the tokens, if that takes more than `obtain`, as with `refresh`. The flow
   * brings it, so that clients of other flows do not have it in their bundle. A flow of your own takes it from another one.
   */
  readonly renewal?: object
}

/** A flow of a credential that can be used any number of times, without a user. */
export interface MachineFlow extends Flow {
  /** Obtains tokens with only the credential. */
  obtain(call: Call): Promise<Tokens>
}

/** A flow that continues a login from its refresh token. */
export interface ContinuedFlow extends Flow {
  readonly refresh: NonNullable<Flow['refresh']>
  /** The refresh token that the credential brings; its successors are in the store. */
  firstRefreshToken(): string
}

/** A flow that needs no user. */
export type SilentFlow = MachineFlow | ContinuedFlow

export function isMachine(flow: Flow): flow is MachineFlow {
  return 'obtain' in flow
}

export function isContinued(flow: Flow): flow is ContinuedFlow {
  return 'firstRefreshToken' in flow
}

export function isSilent(flow: Flow): flow is SilentFlow {
  return isMachine(flow) || isContinued(flow)
}

/** Whether the flow needs a user, as a `LoginFlow` does. */
export function needsUser(flow: Flow): boolean {
  return 'login' in flow
}
