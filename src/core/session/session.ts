import { isSilent } from '../flows/flow.ts'
import type { Tokens } from '../ims/tokens.ts'
import { lazy } from '../lazy.ts'
import { checkCall, checkOptions, checkTypes } from '../options.ts'
import { checkValidity, type Setup } from '../setup.ts'
import { monotonic } from '../time.ts'
import { type HowToRenew, isRenewed } from './renewing.ts'
import { type SharedFlight, sharedFlight } from './single-flight.ts'
import {
  announce,
  continuesBehind,
  createState,
  type Errand,
  isPaused,
  listen,
  type SessionMemory,
  signOut,
} from './state.ts'
import { backgroundPause } from './times.ts'
import {
  isFresh,
  isUnexpired,
  later,
  load,
  type Reading,
  remember,
  renewalMargin,
  saveAgain,
  warmTokens,
} from './token-cache.ts'
import { noteFailure, within, withLockIfSoon } from './with-lock.ts'

const loadRenewal = /* @__PURE__ */ lazy(() => import('./renewal.ts'))

export interface GetTokenOptions {
  /** Aborts this call only; other callers that wait for the same token still get it. */
  readonly signal?: AbortSignal | undefined
  /** The token must be valid for at least so many ms. Default: the client's. */
  readonly minValidity?: number | undefined
  /** Skip the stored token. */
  readonly force?: boolean | undefined
}

export interface CachedTokenOptions {
  /** The token must be valid for at least so many ms. Default: 0. */
  readonly minValidity?: number | undefined
}

/** The tokens of one client: read from memory, else from the store, and renewed when due. */
export interface Session {
  readonly state: SessionMemory
  current(options?: GetTokenOptions): Promise<Tokens>
  /** What memory or the store has, if it is still valid: nothing is sent. */
  cached(options?: CachedTokenOptions): Promise<Tokens | undefined>
  /** The token in memory, until the store has to be read again: the warm path. */
  warm(): Tokens | undefined
  /** Drops the token in memory, so that the next call looks into the store. */
  refreshMemory(): void
  close(reason: unknown): void
}

export function createSession(setup: Setup): Session {
  const state = createState(setup)
  return {
    state,
    current: (options = {}) => current(state, options),
    cached: (options = {}) => cached(state, options),
    warm: () => (state.closed === undefined ? warmTokens(setup, state.cache) : undefined),
    refreshMemory: () => remember(setup, state.cache, undefined),
    close: (reason) => close(state, reason),
  }
}

async function current(state: SessionMemory, options: GetTokenOptions): Promise<Tokens> {
  const { setup, cache } = state
  listen(state)
  checkCall('getToken', options)
  checkTypes('getToken', options, { force: 'boolean' })
  const { signal, minValidity, force = false } = options
  if (state.closed !== undefined) throw state.closed.reason
  signal?.throwIfAborted()
  checkValidity(minValidity)
  const began = state.generation
  if (cache.unsaved !== undefined) await saveAgain(setup, cache)
  const held = cache.memory
  const known = isFresh(setup, held, minValidity) ? held : knownTokens(state, await load(setup, cache))
  const usable = isFresh(setup, known, minValidity) || (isPaused(state) && isUnexpired(setup, known))
  if (force || !usable || known === undefined)
    return flight(state, { minValidity, force, known, began, behind: false }).join(signal)
  // forgotten while the store was read: returned to this caller, but not stored in memory
  if (began !== state.generation) return known
  remember(setup, cache, known)
  if (warmTokens(setup, cache) === undefined) renewBehind(state, known)
  return known
}

async function cached(state: SessionMemory, options: CachedTokenOptions): Promise<Tokens | undefined> {
  const { setup, cache } = state
  listen(state)
  checkOptions('getCachedToken', options)
  const { minValidity = 0 } = options
  if (state.closed !== undefined) throw state.closed.reason
  checkValidity(minValidity)
  const found = warmTokens(setup, cache) ?? knownTokens(state, await load(setup, cache))
  return isFresh(setup, found, minValidity) ? found : undefined
}

/** What the store has; if it does not answer, what memory has. */
function knownTokens({ cache }: SessionMemory, reading: Reading): Tokens | undefined {
  if (reading.status === 'found') return reading.tokens
  return reading.status === 'unknown' ? cache.memory : undefined
}

/** The renewal that callers with the same options share. */
function flight(state: SessionMemory, errand: Errand): SharedFlight<Tokens> {
  const { flights } = state
  const name = `${errand.began} ${errand.force} ${errand.minValidity} ${errand.behind}`
  const under = flights.get(name)
  if (under !== undefined) return under
  if (state.closed !== undefined) throw state.closed.reason
  const { flow } = state.setup
  const load: () => Promise<HowToRenew> = isRenewed(flow) ? flow.renewal.load : loadRenewal
  const started: SharedFlight<Tokens> = sharedFlight(
    async (signal) => {
      const how = await load()
      return how.renew(state, { errand, signal, how })
    },
    () => {
      if (flights.get(name) === started) flights.delete(name)
    },
  )
  if (state.setup.platform.sharing !== false) flights.set(name, started)
  return started
}

function renewBehind(state: SessionMemory, known: Tokens): void {
  const { flow, platform, connection } = state.setup
  const silent = isSilent(flow) || known.refreshToken !== undefined
  if (!silent || !continuesBehind(state.setup) || monotonic(connection.clock) < state.behindAfter) return
  state.behindAfter = monotonic(connection.clock) + backgroundPause
  const minValidity = renewalMargin(state.setup, known)
  const work = flight(state, { minValidity, force: false, known, began: state.generation, behind: true })
    .join()
    .catch((error: unknown) => {
      if (state.closed === undefined) noteFailure(state.setup, error, 'renewing in the background')
    })
  platform.waitUntil?.(work)
}

/**
 * Removes the tokens from memory and store. A renewal in progress does not store them again.
 *
 * @param found receives the tokens that were there, before the store is asked to remove them
 * @throws {UnavailableError} if the store cannot remove them
 */
export function forgetTokens(
  state: SessionMemory,
  found: (tokens: Tokens | undefined) => void = () => {},
): Promise<void> {
  const forgotten = forget(state, found)
  state.signingOut = Promise.allSettled([state.signingOut, forgotten]).then(() => undefined)
  return forgotten
}

async function forget(state: SessionMemory, found: (tokens: Tokens | undefined) => void): Promise<void> {
  const { setup, cache } = state
  const held = cache.memory
  signOut(state)
  remember(setup, cache, undefined)
  for (const work of state.forgetting) work()
  const name = await setup.tokenKey()
  await withLockIfSoon(setup, name, async () => {
    const reading = await load(setup, cache)
    found(reading.status === 'found' ? later(reading.tokens, held) : held)
    cache.unsaved = undefined
    await within(setup, setup.platform.store.delete(name))
    if (isRenewed(setup.flow)) await setup.flow.renewal.forget?.(setup)
    // nothing of the session stays in memory
    Object.assign(cache, { seen: undefined, refused: undefined })
    cache.watch?.()
    await announce(state, 'logout')
  })
}

function close(state: SessionMemory, reason: unknown): void {
  state.closed = { reason }
  state.unlisten?.()
  for (const under of state.flights.values()) under.abort(reason)
}
