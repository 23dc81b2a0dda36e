import { ConfigurationError, LoginRequiredError, UnavailableError } from '../errors.ts'
import { isMachine } from '../flows/flow.ts'
import { isRefusal } from '../ims/refusal.ts'
import type { Tokens } from '../ims/tokens.ts'
import { noLock } from '../memory.ts'
import type { Hold } from '../ports.ts'
import { monotonic, stopwatch } from '../time.ts'
import { inOperation } from './operation.ts'
import type { Held, Outcome, RenewalJob } from './renewing.ts'
import { announce, type Errand, reportToken, type SessionMemory, serves, throwIfRefused } from './state.ts'
import { failurePause, lockWaitWithToken, longestWait } from './times.ts'
import { isUnexpired, load, type Reading, remember, save } from './token-cache.ts'
import { asUnavailable, isMediumFailure, noteFailure, withLock } from './with-lock.ts'

/** How often a renewal starts over because another process changed the store or took the lock. */
const rounds = 3

/**
 * Renews the tokens of a session: lock, look again, redeem or obtain, store. If anything fails or is unknown, nothing is
 * redeemed and the stored token is returned for as long as it has not expired.
 *
 * @throws {LoginRequiredError} `LOGIN_REQUIRED` if IMS refused the refresh token or asks for the user, or the store
 *   has no entry
 * @throws {UnavailableError} if the lock, the store or IMS does not answer and no token is left
 */
export function renew(state: SessionMemory, job: RenewalJob): Promise<Tokens> {
  const name = job.errand.behind ? 'renewing in the background' : 'renewing'
  return inOperation(state, name, (own) => renewOnce(own, job))
}

async function renewOnce(state: SessionMemory, job: RenewalJob): Promise<Tokens> {
  try {
    throwIfRefused(state)
    return await renewUnderLock(state, job)
  } catch (error) {
    const { known, began, force, behind } = job.errand
    // what was read or renewed meanwhile serves as well as what the caller has seen
    const valid = [known, state.cache.memory, state.cache.seen].find((tokens) => isUnexpired(state.setup, tokens))
    const fallback = force || behind || began !== state.generation ? undefined : valid
    const final = job.signal.aborted || error instanceof LoginRequiredError || error instanceof ConfigurationError
    if (final || fallback === undefined) throw job.how.meaning?.(error) ?? error
    noteFailure(state.setup, error, 'renewing')
    state.pausedUntil = monotonic(state.setup.connection.clock) + failurePause
    // the next call may not be able to read it again
    if (!isUnexpired(state.setup, state.cache.memory)) remember(state.setup, state.cache, fallback)
    return fallback
  }
}

async function renewUnderLock(state: SessionMemory, job: RenewalJob): Promise<Tokens> {
  const { setup, cache } = state
  const { errand, signal } = job
  const hasToken = () => !errand.force && isUnexpired(setup, errand.known)
  let current = job
  const locked = {
    name: await setup.tokenKey(),
    signal,
    leave: async () => adoptFrom(state, errand, await load(setup, cache)),
    task: (hold: Hold) => renewHeld(state, current, hold),
  }
  for (let round = 0; round < rounds; round++) {
    // a lock that was lost, or excludes nothing, would let this redeem what the sign-out is about to remove
    await state.signingOut
    const usable = hasToken()
    const wait = usable ? lockWaitWithToken : longestWait(setup.platform.lock.lease)
    const outcome = await withLock<Outcome>(setup, { ...locked, wait })
    // its token has expired meanwhile, so it may wait as long as a caller without one
    if ('failure' in outcome && usable && !hasToken()) continue
    const result = 'failure' in outcome ? await withoutLock(state, outcome.failure, locked.task) : outcome.value
    if (result.status === 'tokens') return result.tokens
    current = { ...job, errand: { ...errand, began: state.generation } }
    const watched = result.status === 'uncertain' ? await result.watch(!usable || errand.behind) : undefined
    if (watched?.status === 'tokens') return watched.tokens
  }
  throw new UnavailableError('TIMEOUT', 'Other callers took the lock or changed the store meanwhile. Try again.')
}

/** Renews without the lock: allowed for a credential that can be used any number of times, never for a refresh token. */
async function withoutLock(
  { setup }: SessionMemory,
  failure: unknown,
  task: (hold: Hold) => Promise<Outcome>,
): Promise<Outcome> {
  if (!isMediumFailure(failure) || setup.flow.refresh !== undefined)
    throw asUnavailable(failure, 'The lock failed, so the token was not renewed. Check the lock, or try again later.')
  noteFailure(setup, failure, 'locking')
  return noLock(await setup.tokenKey(), task)
}

/** What the store has, if it is what the errand wants: another process or tab has stored it meanwhile. */
export function adoptFrom(state: SessionMemory, errand: Errand, reading: Reading): Outcome | undefined {
  const tokens = reading.status === 'found' ? reading.tokens : undefined
  if (!serves(state, errand, tokens)) return undefined
  if (errand.began === state.generation) remember(state.setup, state.cache, tokens)
  return { status: 'tokens', tokens: reportToken(state, tokens, 'adopted') }
}

async function renewHeld(state: SessionMemory, { errand, signal, how }: RenewalJob, hold: Hold): Promise<Outcome> {
  const { setup, cache } = state
  const held = { errand, hold, signal, elapsed: stopwatch(setup.connection.clock) }
  for (let round = 0; round < rounds; round++) {
    const reading = await load(setup, cache)
    const adopted = adoptFrom(state, errand, reading)
    if (adopted !== undefined) return adopted
    if (reading.status === 'found' && errand.began === state.generation) remember(setup, cache, reading.tokens)
    signal.throwIfAborted()
    // the user signed out or in meanwhile: that comes first
    if (errand.began !== state.generation) return { status: 'lost' }
    const outcome = await (how.newTokens ?? obtainTokens)(state, held, reading).catch((error: unknown) => {
      if (isRefusal(error)) state.refusal = { error, until: monotonic(state.setup.connection.clock) + failurePause }
      throw error
    })
    if (outcome !== undefined) return outcome
  }
  return { status: 'lost' }
}

/** Obtains tokens with only the credential. */
export async function obtainTokens(state: SessionMemory, { errand, signal }: Held, reading: Reading): Promise<Outcome> {
  const { setup, cache } = state
  const { flow, call } = setup
  if (!isMachine(flow)) {
    const why = reading.status === 'empty' ? 'No user is signed in' : 'The sign-in has expired'
    throw new LoginRequiredError('LOGIN_REQUIRED', `${why}, and a new token needs the user. Call login().`)
  }
  const tokens = await flow.obtain(await call(signal))
  if (errand.began === state.generation) {
    remember(setup, cache, tokens)
    await save(setup, cache, { tokens, over: undefined })
  }
  // a login may have replaced them while they were stored
  if (errand.began === state.generation) await announce(state, 'token')
  return { status: 'tokens', tokens: reportToken(state, tokens, 'issued') }
}
