import type { Flow } from '../flows/flow.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Hold, Platform } from '../ports.ts'
import type { Setup } from '../setup.ts'
import type { Errand, SessionMemory } from './state.ts'
import type { Reading } from './token-cache.ts'

/** A flow that brings what renews its tokens. */
export interface RenewedFlow extends Flow {
  readonly renewal: Renewal
}

export function isRenewed(flow: Flow): flow is RenewedFlow {
  return flow.renewal !== undefined
}

/**
 * What a flow brings to the session of its client, if it takes more than `obtain` to renew its tokens. Other flows do not
 * have it in their bundle.
 */
export interface Renewal {
  /** Loads the code that renews the tokens. */
  readonly load: () => Promise<HowToRenew>
  /** @throws {ConfigurationError} `BAD_OPTION` for a platform on which a refresh token could be redeemed twice */
  readonly requireSafe?: (platform: Pick<Platform, 'lock' | 'store'>) => void
  /** Removes what is stored about redemptions when the tokens are forgotten. */
  readonly forget?: (setup: Setup) => Promise<void>
}

/** The code that renews the tokens of a flow. */
export interface HowToRenew {
  readonly renew: (state: SessionMemory, job: RenewalJob) => Promise<Tokens>
  /**
   * Gets new tokens under the lock, given what the store has. `undefined`: the store has to be looked at again. Default:
   * `flow.obtain`.
   */
  readonly newTokens?: (state: SessionMemory, held: Held, reading: Reading) => Promise<Outcome | undefined>
  /** What an error of IMS means to the caller. */
  readonly meaning?: (error: unknown) => unknown
}

/** One renewal. */
export interface RenewalJob {
  readonly errand: Errand
  readonly signal: AbortSignal
  readonly how: HowToRenew
}

/** What came of one holding of the lock. */
export type Outcome =
  | { readonly status: 'tokens'; readonly tokens: Tokens }
  /** An earlier request may still be answered. `watch` waits for that without the lock, if the caller has no token. */
  | { readonly status: 'uncertain'; readonly watch: (waits: boolean) => Promise<Outcome | undefined> }
  /** Another caller has changed the store or taken the lock. */
  | { readonly status: 'lost' }

/** One renewal under one holding of the lock. */
export interface Held {
  readonly errand: Errand
  readonly hold: Hold
  readonly signal: AbortSignal
  /** ms since the lock was acquired. */
  readonly elapsed: () => number
}
