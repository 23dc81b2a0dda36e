import { ConfigurationError } from '../errors.ts'
import { isSilent } from '../flows/flow.ts'
import type { Tokens } from '../ims/tokens.ts'
import { lazy } from '../lazy.ts'
import { checkCall } from '../options.ts'
import type { Change } from '../ports.ts'
import type { Setup } from '../setup.ts'
import { monotonic } from '../time.ts'
import { removeNote } from './note.ts'
import { type SharedFlight, sharedFlight } from './single-flight.ts'
import { createState, type Errand, goesOnBehind, isPaused, type SessionState, signOut } from './state.ts'
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
  /** Ends this caller's wait; others who wait for the same token are not disturbed. */
  readonly signal?: AbortSignal | undefined
  /** The token must be valid for at least so many ms. Default: the client's. */
  readonly minValidity?: number | undefined
  /** Skip the stored token. */
  readonly force?: boolean | undefined
}

/** getToken's story: look into memory, into the store, and renew if that is due. */
export interface Session {
  readonly state: SessionState
  current(options?: GetTokenOptions): Promise<Tokens>
  /** The token in memory while no look at the store is due: the warm path. */
  warm(): Tokens | undefined
  /**
   * Forgets memory and store; `found` is told what was there. What is being renewed meanwhile is not brought back.
   * Rejects if the store cannot forget.
   */
  forget(found?: (tokens: Tokens | undefined) => void): Promise<void>
  /** Runs `work` whenever the tokens are forgotten, here or elsewhere. */
  onForget(work: () => void): void
  /** Drops the token in memory, so that the next call looks into the store. */
  refreshMemory(): void
  close(reason: unknown): void
}

/** A session with what only its own lifetime needs. */
interface Running {
  readonly state: SessionState
  readonly flights: Map<string, SharedFlight<Tokens>>
  readonly forgetting: (() => void)[]
  behindAfter: number
  unlisten: (() => void) | undefined
  closed: { readonly reason: unknown } | undefined
}

export function createSession(setup: Setup): Session {
  const announce = async (kind: Change['kind']) => {
    listen(running)
    setup.platform.changes?.notify({ kind, key: await setup.tokenKey() })
  }
  const running: Running = {
    state: createState(setup, announce),
    flights: new Map(),
    forgetting: [],
    behindAfter: Number.NEGATIVE_INFINITY,
    unlisten: undefined,
    closed: undefined,
  }
  const { state, forgetting } = running
  return {
    state,
    current: (options = {}) => current(running, options),
    warm: () => (running.closed === undefined ? warmTokens(setup, state.cache) : undefined),
    forget: (found = () => {}) => forget(running, found),
    onForget: (work) => void forgetting.push(work),
    refreshMemory: () => remember(setup, state.cache, undefined),
    close: (reason) => close(running, reason),
  }
}

/** Others who share the store hear of what happened here, and we of what they did, from the first use on. */
function listen(running: Running): void {
  const { state, forgetting } = running
  const { platform, connection, flow, tokenKey } = state.setup
  if (platform.changes === undefined || running.unlisten !== undefined || running.closed !== undefined) return
  running.unlisten = platform.changes.subscribe(async ({ kind, key }) => {
    if (key !== undefined && key !== (await tokenKey())) return
    remember(state.setup, state.cache, undefined)
    if (kind === 'token') return
    if (kind === 'logout') {
      signOut(state)
      for (const work of forgetting) work()
    } else state.generation++
    connection.emit({ type: kind, clientId: flow.clientId })
  })
}

async function current(running: Running, options: GetTokenOptions): Promise<Tokens> {
  const { state } = running
  const { setup, cache } = state
  listen(running)
  checkCall('getToken', options)
  const { signal, minValidity, force = false } = options
  if (running.closed !== undefined) throw running.closed.reason
  signal?.throwIfAborted()
  checkValidity(minValidity)
  const began = state.generation
  if (cache.unsaved !== undefined) await saveAgain(setup, cache)
  const held = cache.memory
  const known = isFresh(setup, held, minValidity) ? held : knownTokens(state, await load(setup, cache))
  const usable = isFresh(setup, known, minValidity) || (isPaused(state) && isUnexpired(setup, known))
  if (force || !usable || known === undefined)
    return flight(running, { minValidity, force, known, began: state.generation, behind: false }).join(signal)
  // forgotten while the store was read: good for this caller, and not to be remembered
  if (began !== state.generation) return known
  remember(setup, cache, known)
  if (warmTokens(setup, cache) === undefined) renewBehind(running, known)
  return known
}

/** What the store has; if it does not answer, what memory has. */
function knownTokens({ cache }: SessionState, reading: Reading): Tokens | undefined {
  if (reading.status === 'found') return reading.tokens
  return reading.status === 'unknown' ? cache.memory : undefined
}

/** The renewal that callers with the same wishes share. */
function flight(running: Running, errand: Errand): SharedFlight<Tokens> {
  const { state, flights } = running
  const name = `${errand.began} ${errand.force} ${errand.minValidity} ${errand.behind}`
  const under = flights.get(name)
  if (under !== undefined) return under
  if (running.closed !== undefined) throw running.closed.reason
  const started: SharedFlight<Tokens> = sharedFlight(
    async (signal) => (await loadRenewal()).renew(state, errand, signal),
    () => {
      if (flights.get(name) === started) flights.delete(name)
    },
  )
  if (state.setup.platform.sharing !== false) flights.set(name, started)
  return started
}

function renewBehind(running: Running, known: Tokens): void {
  const { state } = running
  const { flow, platform, connection } = state.setup
  const silent = isSilent(flow) || known.refreshToken !== undefined
  if (!silent || !goesOnBehind(state.setup) || monotonic(connection.clock) < running.behindAfter) return
  running.behindAfter = monotonic(connection.clock) + backgroundPause
  const minValidity = renewalMargin(state.setup, known)
  const work = flight(running, { minValidity, force: false, known, began: state.generation, behind: true })
    .join()
    .catch((error: unknown) => {
      if (running.closed === undefined) noteFailure(state.setup, error, 'renewing in the background')
    })
  platform.waitUntil?.(work)
}

async function forget(running: Running, found: (tokens: Tokens | undefined) => void): Promise<void> {
  const { state, forgetting } = running
  const { setup, cache } = state
  const held = cache.memory
  signOut(state)
  remember(setup, cache, undefined)
  for (const work of forgetting) work()
  const name = await setup.tokenKey()
  await withLockIfSoon(setup, name, async () => {
    const reading = await load(setup, cache)
    found(reading.status === 'found' ? later(reading.tokens, held) : held)
    cache.unsaved = undefined
    await within(setup, setup.platform.store.delete(name))
    await removeNote(setup)
    // nothing of a session that is over stays in memory
    Object.assign(cache, { seen: undefined, refused: undefined })
    await state.announce('logout')
  })
}

function close(running: Running, reason: unknown): void {
  running.closed = { reason }
  running.unlisten?.()
  for (const under of running.flights.values()) under.abort(reason)
}

function checkValidity(minValidity: unknown): void {
  if (minValidity === undefined || (typeof minValidity === 'number' && minValidity >= 0)) return
  throw new ConfigurationError('BAD_OPTION', 'minValidity must be a number of milliseconds, 0 or more')
}
