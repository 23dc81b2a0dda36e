import { keepUntil, parseTokens, type Tokens } from '../ims/tokens.ts'
import type { Json } from '../ports.ts'
import type { Setup } from '../setup.ts'
import { isMediumFailure, noteFailure } from './with-lock.ts'

/** The tokens of one flow and one owner: in memory, and in the store behind it. */
export interface KeptTokens {
  memory(): Tokens | undefined
  /** The tokens in memory, once it is time to renew them or to look into the store: `undefined`. */
  warm(): Tokens | undefined
  /** Whether `tokens` last long enough, in ms; by default as long as the client wants them to. */
  isFresh(tokens: Tokens | undefined, minValidity?: number): tokens is Tokens
  /** The validity, in ms, below which `tokens` are renewed behind the call that returns them. */
  renewalMargin(tokens: Tokens): number
  remember(tokens: Tokens | undefined): void
  /** What the store has. One that cannot be read is an empty one: a new token can still be had. */
  load(): Promise<Tokens | undefined>
  /** As `load`, but for memory where the store failed. What is gone from a store that works was ended elsewhere. */
  latest(): Promise<Tokens | undefined>
  /** Into the store. A token that cannot be stored is still a token. */
  save(tokens: Tokens | undefined): Promise<void>
}

const renewalShare = 0.2

export function keptTokens(setup: Setup): KeptTokens {
  const { store } = setup.platform
  const { clock } = setup.connection
  let memory: Tokens | undefined
  let warmUntil = 0
  // whether memory holds what the store could not be told, or what it cannot be asked
  let unsaved = false
  let unreadable = false

  /** A token that lives shorter than twice the margin is good for half of its life, or it would never be reused. */
  function marginOf({ obtainedAt, expiresAt }: Tokens): number {
    if (obtainedAt === undefined) return setup.minValidity
    return Math.max(0, Math.min(setup.minValidity, (expiresAt - obtainedAt) / 2))
  }

  const kept: KeptTokens = {
    memory: () => memory,
    warm: () => (clock.now() < warmUntil ? memory : undefined),
    isFresh: (tokens, minValidity): tokens is Tokens =>
      tokens !== undefined && tokens.expiresAt - (minValidity ?? marginOf(tokens)) > clock.now(),
    renewalMargin: (tokens) => marginOf(tokens) * (1 + renewalShare),
    remember(tokens) {
      memory = tokens
      warmUntil = tokens === undefined ? Number.NEGATIVE_INFINITY : tokens.expiresAt - kept.renewalMargin(tokens)
    },
    async load() {
      const key = await setup.tokenKey()
      try {
        const stored = parseTokens(await store.get(key))
        unreadable = false
        return stored
      } catch (error) {
        if (!isMediumFailure(error)) throw error
        noteFailure(setup, error, 'reading the store')
        unreadable = true
        return undefined
      }
    },
    async latest() {
      const stored = await kept.load()
      return unsaved || unreadable ? later(memory, stored) : stored
    },
    async save(tokens) {
      const key = await setup.tokenKey()
      try {
        if (tokens === undefined) await store.delete(key)
        else await store.set(key, tokens as unknown as Json, keepUntil(tokens))
        unsaved = false
      } catch (error) {
        if (!isMediumFailure(error)) throw error
        noteFailure(setup, error, 'writing the store')
        unsaved = true
      }
    },
  }
  return kept
}

/** Of two the later, `one` where nobody can tell. */
export function later(one: Tokens | undefined, other: Tokens | undefined): Tokens | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (other.obtainedAt ?? 0) > (one.obtainedAt ?? 0) ? other : one
}
