import type { Tokens } from '../ims/tokens.ts'
import type { Change } from '../ports.ts'
import type { Setup } from '../setup.ts'
import { monotonic } from '../time.ts'
import { failurePause } from './times.ts'
import { createCache, isFresh, remember, type TokenCache } from './token-cache.ts'

/** Everything a session knows, in one place. */
export interface SessionState {
  readonly setup: Setup
  readonly cache: TokenCache
  /** Grows when the tokens are forgotten or replaced by a login: what began before is not stored any more. */
  generation: number
  /** The generation that began when the user last signed out. */
  signedOutAt: number
  /** Until then, by the monotonic clock, a stored token is returned without another try to renew it. */
  pausedUntil: number
  /** A credential that IMS has refused, and until when that is remembered, by the monotonic clock. */
  refusal: { readonly error: unknown; readonly until: number } | undefined
  /** The note of another holding whose outcome is unknown, and for how many ms of running time it was watched. */
  uncertain: { readonly note: string; watched: number } | undefined
  /** Tells the others who share the store what happened to its tokens. */
  readonly announce: (kind: Change['kind']) => Promise<void>
}

/** What one renewal is for. */
export interface Errand {
  readonly minValidity?: number | undefined
  readonly force: boolean
  /** The tokens that the caller has seen. */
  readonly known: Tokens | undefined
  /** The generation in which it began. */
  readonly began: number
  /** No caller waits for it, so it may wait for long. */
  readonly behind: boolean
}

export function createState(setup: Setup, announce: SessionState['announce']): SessionState {
  return {
    setup,
    cache: createCache(),
    generation: 0,
    signedOutAt: 0,
    pausedUntil: Number.NEGATIVE_INFINITY,
    refusal: undefined,
    uncertain: undefined,
    announce,
  }
}

/** Whether `tokens` are what the errand wants: a forced one wants any access token but the one it saw. */
export function serves({ setup }: SessionState, errand: Errand, tokens: Tokens | undefined): tokens is Tokens {
  if (!isFresh(setup, tokens, errand.minValidity)) return false
  return !errand.force || tokens.accessToken !== errand.known?.accessToken
}

/** Takes what another caller, process or tab has stored. */
export function adopt(state: SessionState, { began }: Errand, tokens: Tokens): Tokens {
  if (began === state.generation) remember(state.setup, state.cache, tokens)
  const { expiresAt, scopes } = tokens
  state.setup.connection.emit({ type: 'token', source: 'adopted', expiresAt, scopes })
  return tokens
}

/** What began before the user signed out must not store anything any more. */
export function signOut(state: SessionState): void {
  state.generation++
  state.signedOutAt = state.generation
  state.cache.seen = undefined
}

export function pause(state: SessionState): void {
  state.pausedUntil = monotonic(state.setup.connection.clock) + failurePause
}

export function isPaused({ setup, pausedUntil }: SessionState): boolean {
  return monotonic(setup.connection.clock) < pausedUntil
}

/** Remembers that IMS refused the credential, so that not every call asks again. */
export function rememberRefusal(state: SessionState, error: unknown): void {
  state.refusal = { error, until: monotonic(state.setup.connection.clock) + failurePause }
}

/** @throws the refusal that is remembered */
export function throwIfRefused({ setup, refusal }: SessionState): void {
  if (refusal !== undefined && monotonic(setup.connection.clock) < refusal.until) throw refusal.error
}

/** Whether work goes on behind a call: what ends with its request begins nothing that it cannot bring to an end. */
export function goesOnBehind({ platform }: Setup): boolean {
  return platform.sharing !== false || platform.waitUntil !== undefined
}
