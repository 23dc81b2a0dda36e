import { parseTokens } from '../../core/ims/tokens.ts'
import type { Clock, Json, Store } from '../../core/ports.ts'
import { later } from '../../core/session/session.ts'

/** The tokens of one session during one request, as the store of its client. */
export interface SessionTokens extends Store {
  /** What a cookie has to hold from now on; `undefined` where nothing is left. */
  held(): Json | undefined
  /** Whether that is something else than the request brought. */
  changed(): boolean
  /** How the store behind it failed last. */
  failure(): unknown
}

export interface SessionTokensOptions {
  /** Where the tokens of all sessions are. Without it they are in the cookie itself. */
  readonly store: Store | undefined
  /** What the cookie brought. */
  readonly held: Json | undefined
  /** What this process has just learned of any session. */
  readonly recent: Store
  readonly clock: Clock
  /** When the session ends, in ms since the epoch: nothing is kept longer. */
  readonly until: number
}

/** So long, in ms, do other requests bring cookies of before a renewal, and KV shows what was there before. */
const settling = 60_000

export function sessionTokens({ store, held, recent, clock, until }: SessionTokensOptions): SessionTokens {
  let current = held
  let changed = false
  let failure: unknown
  const asked = async <T>(ask: (store: Store) => Promise<T>): Promise<T | undefined> => {
    if (store === undefined) return undefined
    try {
      return await ask(store)
    } catch (error) {
      failure = error
      throw error
    }
  }
  const keep = (value: Json | undefined) => {
    changed = true
    current = value
  }
  return {
    held: () => current,
    changed: () => changed,
    failure: () => failure,
    async get(key) {
      const ours = parseTokens(store === undefined ? current : await asked((from) => from.get(key)))
      const known = parseTokens(await recent.get(key))
      const newest = later(ours, known) as unknown as Json | undefined
      if (known !== undefined && newest === (known as unknown)) changed = true
      current = newest
      return newest
    },
    async set(key, value, expiresAt = until) {
      keep(value)
      await recent.set(key, value, clock.now() + settling)
      await asked((to) => to.set(key, value, Math.min(expiresAt, until)))
    },
    async delete(key) {
      keep(undefined)
      await recent.delete(key)
      await asked((from) => from.delete(key))
    },
    keys: async () => [],
  }
}
