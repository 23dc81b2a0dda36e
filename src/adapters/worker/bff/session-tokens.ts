import { parseTokens, type Tokens } from '../../../core/ims/tokens.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import { later } from '../../../core/session/token-cache.ts'
import { storeLike } from '../store-like.ts'

/** The tokens of one session during one request, as the store of its client. */
export interface SessionTokens extends Store {
  /** What the cookie must hold from now on; `undefined` if there are no tokens left. */
  current(): Json | undefined
  /** Whether that differs from what the request sent. */
  changed(): boolean
  /** The last failure of the store behind it. */
  failure(): unknown
}

export interface SessionTokensOptions {
  /** Stores the tokens of all sessions. Without it they are in the cookie itself. */
  readonly store: Store | undefined
  /** What the cookie of the request holds. */
  readonly stored: Json | undefined
  /** What this process has recently found out about any session. */
  readonly recent: Store
  readonly clock: Clock
  /** When the session expires, in ms since the epoch: nothing is stored for longer. */
  readonly until: number
}

interface State extends SessionTokensOptions {
  current: Json | undefined
  changed: boolean
  failure: unknown
}

/** ms for which other requests may send a cookie from before a renewal, and KV may return an older value. */
const settling = 60_000
/** As `settling`, for tokens in cookies: the tokens survive if the response with their cookie is lost. */
const settlingInCookie = 600_000

export function sessionTokens(options: SessionTokensOptions): SessionTokens {
  const state: State = { ...options, current: options.stored, changed: false, failure: undefined }
  const store = storeLike(options.store, {
    get: (key) => (isNote(key) ? withNotes(state, (notes) => notes.get(key)) : readTokens(state, key)),
    set: (key, value, expiresAt = state.until) => {
      const until = Math.min(expiresAt, state.until)
      return isNote(key)
        ? withNotes(state, (notes) => notes.set(key, value, until))
        : writeTokens(state, key, { value, until })
    },
    delete: (key) => (isNote(key) ? withNotes(state, (notes) => notes.delete(key)) : deleteTokens(state, key)),
    keys: async () => [],
  })
  return Object.assign(store, {
    current: () => state.current,
    changed: () => state.changed,
    failure: () => state.failure,
  })
}

const isNote = (key: string) => !key.startsWith('imskit/tokens/')

/** Renewal notes never go into the cookie, because other requests would not see them there. */
function withNotes<T>(state: State, work: (notes: Store) => Promise<T>): Promise<T> {
  return work(state.store === undefined ? state.recent : recordFailures(state, state.store))
}

/** `store`, whose failures are recorded in `state`. */
function recordFailures(state: State, store: Store): Omit<Store, 'consistency'> {
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      state.failure = error
      throw error
    }
  }
  return {
    get: (key) => attempt(() => store.get(key)),
    set: (key, value, expiresAt) => attempt(() => store.set(key, value, expiresAt)),
    delete: (key) => attempt(() => store.delete(key)),
    keys: (prefix) => attempt(() => store.keys(prefix)),
  }
}

async function readTokens(state: State, key: string): Promise<Json | undefined> {
  const { store, recent } = state
  const stored = store === undefined ? state.current : await recordFailures(state, store).get(key)
  const known = await recent.get(key)
  const [ours, theirs] = [parseTokens(stored), parseTokens(known)]
  const newest: Tokens | undefined = later(ours, theirs)
  if (theirs !== undefined && newest === theirs) state.changed = true
  state.current = newest === undefined ? undefined : newest === theirs ? known : stored
  return state.current
}

async function writeTokens(
  state: State,
  key: string,
  { value, until }: { readonly value: Json; readonly until: number },
): Promise<void> {
  const { store, recent, clock } = state
  state.changed = true
  state.current = value
  await recent.set(key, value, clock.now() + (store === undefined ? settlingInCookie : settling))
  if (store === undefined) return
  await recordFailures(state, store).set(key, value, until)
  // a consistent store always returns the newest tokens; what it failed to store remains known here
  if (store.consistency === undefined) await recent.delete(key)
}

async function deleteTokens(state: State, key: string): Promise<void> {
  const { store, recent } = state
  state.changed = true
  state.current = undefined
  await recent.delete(key)
  if (store !== undefined) await recordFailures(state, store).delete(key)
}
