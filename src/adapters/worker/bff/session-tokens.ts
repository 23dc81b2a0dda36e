import { parseTokens } from '../../../core/ims/tokens.ts'
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
function withNotes<T>(state: State, work: (notes: Store) => Promise<T>): Promise<T | undefined> {
  return state.store === undefined ? work(state.recent) : inStore(state, work)
}

/** Does `work` on the store, if there is one, and notes its failure. */
async function inStore<T>(state: State, work: (store: Store) => Promise<T>): Promise<T | undefined> {
  try {
    return state.store && (await work(state.store))
  } catch (error) {
    state.failure = error
    throw error
  }
}

/** Notes the tokens for the cookie. */
function change(state: State, tokens: Json | undefined): void {
  state.changed = true
  state.current = tokens
}

async function readTokens(state: State, key: string): Promise<Json | undefined> {
  const stored = state.store === undefined ? state.current : await inStore(state, (store) => store.get(key))
  const recent = await state.recent.get(key)
  const [ours, known] = [parseTokens(stored), parseTokens(recent)]
  const newest = later(ours, known)
  if (known !== undefined && newest === known) change(state, recent)
  else state.current = newest && stored
  return state.current
}

async function writeTokens(
  state: State,
  key: string,
  { value, until }: { readonly value: Json; readonly until: number },
): Promise<void> {
  const { store, recent, clock } = state
  change(state, value)
  await recent.set(key, value, clock.now() + (store === undefined ? settlingInCookie : settling))
  await inStore(state, (to) => to.set(key, value, until))
  // a consistent store always returns the newest tokens; what it failed to store remains known here
  if (store !== undefined && store.consistency === undefined) await recent.delete(key)
}

async function deleteTokens(state: State, key: string): Promise<void> {
  change(state, undefined)
  await state.recent.delete(key)
  await inStore(state, (from) => from.delete(key))
}
