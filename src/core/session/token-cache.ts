import { keepUntil, parseTokens, type Tokens } from '../ims/tokens.ts'
import { asJson } from '../json.ts'
import type { Setup } from '../setup.ts'
import { clockSlack, signOutWait } from './times.ts'
import { isMediumFailure, noteFailure, within, withLock } from './with-lock.ts'

/** The answer of the store. `unknown`: it did not answer, so it may have any entry or none. */
export type Reading =
  | { readonly status: 'found'; readonly tokens: Tokens }
  | { readonly status: 'empty' }
  | { readonly status: 'unknown'; readonly error: unknown }

/** The tokens of one flow and one owner in memory, and what is known about the store behind them. */
export interface TokenCache {
  memory: Tokens | undefined
  /** Between these times, in ms since the epoch, memory is returned without a look at the store. */
  warmFrom: number
  warmUntil: number
  /** Memory has what could not be written to the store; `over` names the entry that it replaces, if there was one. */
  unsaved: { readonly over: string | undefined } | undefined
  /** The fingerprint of an entry whose refresh token IMS has refused. */
  refused: string | undefined
  /** Runs whenever the tokens may have changed. */
  watch: (() => void) | undefined
  /** What the store answered last: it still serves if the store cannot be read again. */
  seen: Tokens | undefined
}

const renewalShare = 0.2

export function createCache(): TokenCache {
  return {
    memory: undefined,
    warmFrom: 0,
    warmUntil: 0,
    unsaved: undefined,
    refused: undefined,
    watch: undefined,
    seen: undefined,
  }
}

/** The tokens in memory, or `undefined` once it is time to renew them or to look into the store. */
export function warmTokens({ connection }: Setup, cache: TokenCache): Tokens | undefined {
  const now = connection.clock.now()
  return now < cache.warmUntil && now >= cache.warmFrom ? cache.memory : undefined
}

export function remember(setup: Setup, cache: TokenCache, tokens: Tokens | undefined): void {
  cache.memory = tokens
  cache.warmFrom = setup.connection.clock.now()
  cache.warmUntil = tokens === undefined ? 0 : tokens.expiresAt - renewalMargin(setup, tokens)
  cache.watch?.()
}

/** A token that lives shorter than twice the margin is used for half of its life, or it would never be reused. */
function marginOf({ minValidity }: Setup, { obtainedAt, expiresAt }: Tokens): number {
  if (obtainedAt === undefined) return minValidity
  return Math.max(0, Math.min(minValidity, (expiresAt - obtainedAt) / 2))
}

/** The validity, in ms, below which `tokens` are renewed behind the call that returns them. */
export function renewalMargin(setup: Setup, tokens: Tokens): number {
  return marginOf(setup, tokens) * (1 + renewalShare)
}

/** Whether `tokens` last long enough, in ms; by default as long as the client wants them to. */
export function isFresh(setup: Setup, tokens: Tokens | undefined, minValidity?: number): tokens is Tokens {
  if (!isUnexpired(setup, tokens)) return false
  return tokens.expiresAt - (minValidity ?? marginOf(setup, tokens)) > setup.connection.clock.now()
}

/** Whether `tokens` have not expired. After the clock was put back, the expiry of tokens obtained before is unknown. */
export function isUnexpired({ connection }: Setup, tokens: Tokens | undefined): tokens is Tokens {
  const now = connection.clock.now()
  return tokens !== undefined && tokens.expiresAt > now && (tokens.obtainedAt ?? 0) <= now + clockSlack
}

/** Tells one stored entry from another. */
export function fingerprint({ accessToken, expiresAt, obtainedAt, refreshToken, refreshExpiresAt }: Tokens): string {
  return JSON.stringify([accessToken, expiresAt, obtainedAt, refreshToken, refreshExpiresAt])
}

/** What the store has, or what it would have if the last write had not failed. */
export async function load(setup: Setup, cache: TokenCache): Promise<Reading> {
  const key = await setup.tokenKey()
  try {
    const stored = parseTokens(await within(setup, setup.platform.store.get(key)))
    cache.seen = stored
    const tokens = cache.unsaved === undefined ? stored : unlessReplaced(cache, stored)
    return tokens === undefined ? { status: 'empty' } : { status: 'found', tokens }
  } catch (error) {
    if (!isMediumFailure(error)) throw error
    noteFailure(setup, error, 'reading the store')
    return { status: 'unknown', error }
  }
}

/** Memory, as long as the store still has what memory replaces: otherwise another process has renewed or signed out. */
function unlessReplaced(cache: TokenCache, stored: Tokens | undefined): Tokens | undefined {
  const same = cache.unsaved?.over === (stored && fingerprint(stored))
  if (same && cache.memory !== undefined) return cache.memory
  cache.unsaved = undefined
  return stored
}

/**
 * Writes `tokens` to the store; `undefined` removes the entry. If the write fails, the tokens stay in memory, and
 * `saveAgain` tries once more.
 *
 * @param over the fingerprint of the entry that `tokens` replace
 * @returns whether the store has them
 */
export async function save(
  setup: Setup,
  cache: TokenCache,
  { tokens, over }: { readonly tokens: Tokens | undefined; readonly over: string | undefined },
): Promise<boolean> {
  const key = await setup.tokenKey()
  const { store } = setup.platform
  try {
    const write = tokens === undefined ? store.delete(key) : store.set(key, asJson(tokens), keepUntil(tokens))
    await within(setup, write)
    cache.unsaved = undefined
    return true
  } catch (error) {
    if (!isMediumFailure(error)) throw error
    noteFailure(setup, error, 'writing the store')
    cache.unsaved = { over }
    return false
  }
}

/**
 * Repeats a write that failed, unless the store has another entry by now. Under the lock: between the
 * look and the write, another process could sign out or renew.
 */
export async function saveAgain(setup: Setup, cache: TokenCache): Promise<boolean> {
  if (cache.unsaved === undefined || cache.memory === undefined) return true
  const task = () => saveAgainHeld(setup, cache)
  const outcome = await withLock(setup, { name: await setup.tokenKey(), task, wait: signOutWait })
  return 'value' in outcome && outcome.value
}

/** As {@link saveAgain}, for the holder of the lock. */
export async function saveAgainHeld(setup: Setup, cache: TokenCache): Promise<boolean> {
  const reading = await load(setup, cache)
  const { unsaved, memory } = cache
  if (unsaved === undefined || memory === undefined) return true
  return reading.status !== 'unknown' && save(setup, cache, { tokens: memory, over: unsaved.over })
}

/** Of two the later, `one` if that cannot be told. */
export function later(one: Tokens | undefined, other: Tokens | undefined): Tokens | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (other.obtainedAt ?? 0) > (one.obtainedAt ?? 0) ? other : one
}
