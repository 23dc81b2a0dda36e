import type { TokenSource } from '../events.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Change } from '../ports.ts'
import type { Setup } from '../setup.ts'
import { monotonic } from '../time.ts'
import type { SharedFlight } from './single-flight.ts'
import { createCache, isFresh, remember, type TokenCache } from './token-cache.ts'

/** Everything a session knows, in one place. */
export interface SessionMemory {
  readonly setup: Setup
  readonly cache: TokenCache
  /** Renewals in progress, by the options of their callers. */
  readonly flights: Map<string, SharedFlight<Tokens>>
  /** Run when the tokens are forgotten, here or elsewhere. */
  readonly forgetting: (() => void)[]
  /** Grows when the tokens are forgotten or replaced by a login: what started before is not stored any more. */
  generation: number
  /** The generation that started when the user last signed out. */
  signedOutAt: number
  /** Settles when the sign-outs in progress have ended. */
  signingOut: Promise<void> | undefined
  /** Until then, by the monotonic clock, a stored token is returned without another try to renew it. */
  pausedUntil: number
  /** Until then, by the monotonic clock, no other renewal starts in the background. */
  behindAfter: number
  /** A credential that IMS has refused, and until when that is remembered, by the monotonic clock. */
  refusal: { readonly error: unknown; readonly until: number } | undefined
  /** The note of another holding whose outcome is unknown, and for how many ms of running time it was watched. */
  uncertain: { readonly note: string; watched: number } | undefined
  /** Unsubscribes from the changes of other clients of the store, once subscribed. */
  unlisten: (() => void) | undefined
  closed: { readonly reason: unknown } | undefined
}

/** What one renewal is for. */
export interface Errand {
  readonly minValidity?: number | undefined
  readonly force: boolean
  /** The tokens that the caller has seen. */
  readonly known: Tokens | undefined
  /** The generation in which it started. */
  readonly began: number
  /** No caller waits for it, so it may wait for long. */
  readonly behind: boolean
}

export function createState(setup: Setup): SessionMemory {
  return {
    setup,
    cache: createCache(),
    flights: new Map(),
    forgetting: [],
    generation: 0,
    signedOutAt: 0,
    signingOut: undefined,
    pausedUntil: Number.NEGATIVE_INFINITY,
    behindAfter: Number.NEGATIVE_INFINITY,
    refusal: undefined,
    uncertain: undefined,
    unlisten: undefined,
    closed: undefined,
  }
}

/** Whether `tokens` are what the errand wants: a forced one wants any access token but the one it saw. */
export function serves({ setup }: SessionMemory, errand: Errand, tokens: Tokens | undefined): tokens is Tokens {
  if (!isFresh(setup, tokens, errand.minValidity)) return false
  return !errand.force || tokens.accessToken !== errand.known?.accessToken
}

/** Reports where `tokens` came from, as an event. */
export function reportToken({ setup }: SessionMemory, tokens: Tokens, source: TokenSource): Tokens {
  const { expiresAt, scopes } = tokens
  setup.connection.emit({ type: 'token', source, expiresAt, scopes })
  return tokens
}

/** Invalidates the renewals that started before the user signed out: they must not store tokens. */
export function signOut(state: SessionMemory): void {
  state.generation++
  state.signedOutAt = state.generation
  state.cache.seen = undefined
}

export function isPaused({ setup, pausedUntil }: SessionMemory): boolean {
  return monotonic(setup.connection.clock) < pausedUntil
}

/** @throws the refusal that is remembered */
export function throwIfRefused({ setup, refusal }: SessionMemory): void {
  if (refusal !== undefined && monotonic(setup.connection.clock) < refusal.until) throw refusal.error
}

/** Whether work may continue after a call: in a runtime that stops with the request, it must not be started. */
export function continuesBehind({ platform }: Setup): boolean {
  return platform.sharing !== false || platform.waitUntil !== undefined
}

/** Notifies other clients of the store about what happened to the tokens. */
export async function announce(state: SessionMemory, kind: Change['kind']): Promise<void> {
  const { platform, tokenKey } = state.setup
  listen(state)
  platform.changes?.notify({ kind, key: await tokenKey() })
}

/** Subscribes to the changes that other clients of the store announce, at the first use of the session. */
export function listen(state: SessionMemory): void {
  const { platform, connection, flow, tokenKey } = state.setup
  if (platform.changes === undefined || state.unlisten !== undefined || state.closed !== undefined) return
  state.unlisten = platform.changes.subscribe(async ({ kind, key }) => {
    if (key !== undefined && key !== (await tokenKey())) return
    remember(state.setup, state.cache, undefined)
    if (kind === 'token') return
    if (kind === 'logout') {
      signOut(state)
      for (const work of state.forgetting) work()
    } else state.generation++
    connection.emit({ type: kind, clientId: flow.clientId })
  })
}
