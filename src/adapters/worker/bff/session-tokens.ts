import { parseTokens } from '../../../core/ims/tokens.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import { later } from '../../../core/session/token-cache.ts'
import { storeLike } from '../store-like.ts'

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

/** ms for which other requests may bring a cookie from before a renewal, and KV may return what was there before. */
const settling = 60_000
/** As `settling`, for tokens in cookies: if a response with its cookie is lost, they are not. */
const settlingInCookie = 600_000

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
  // notes about renewals never go into the cookie: another request would not see them there
  const noted = <T>(ask: (notes: Store) => Promise<T>) => (store === undefined ? ask(recent) : asked(ask))
  const isNote = (key: string) => !key.startsWith('imskit/tokens/')
  const methods: Omit<Store, 'consistency'> = {
    async get(key) {
      if (isNote(key)) return noted((notes) => notes.get(key))
      const ours = parseTokens(store === undefined ? current : await asked((from) => from.get(key)))
      const known = parseTokens(await recent.get(key))
      const newest = later(ours, known) as unknown as Json | undefined
      if (known !== undefined && newest === (known as unknown)) changed = true
      current = newest
      return newest
    },
    async set(key, value, expiresAt = until) {
      const end = Math.min(expiresAt, until)
      if (isNote(key)) return noted((notes) => notes.set(key, value, end))
      keep(value)
      await recent.set(key, value, clock.now() + (store === undefined ? settlingInCookie : settling))
      if (store === undefined) return
      await asked((to) => to.set(key, value, end))
      // what this store returns is always the newest; only what it refused is known here alone
      if (store.consistency === undefined) await recent.delete(key)
    },
    async delete(key) {
      if (isNote(key)) return noted((notes) => notes.delete(key))
      keep(undefined)
      await recent.delete(key)
      await asked((from) => from.delete(key))
    },
    keys: async () => [],
  }
  return Object.assign(storeLike(store, methods), {
    held: () => current,
    changed: () => changed,
    failure: () => failure,
  })
}
