import { digest } from '../digest.ts'
import { ConfigurationError, ImsResponseError, isImsError, LoginRequiredError, UnavailableError } from '../errors.ts'
import { isContinued, isMachine } from '../flows/flow.ts'
import { isRefusal } from '../ims/refusal.ts'
import type { Tokens } from '../ims/tokens.ts'
import { lazy } from '../lazy.ts'
import { noLock } from '../memory.ts'
import type { Hold } from '../ports.ts'
import { stopwatch } from '../time.ts'
import type { Note } from './note.ts'
import { inOperation } from './operation.ts'
import { beforeReread, type Redeemable, redeem, watchOutcome } from './redemption.ts'
import { adopt, type Errand, pause, rememberRefusal, type SessionMemory, serves, throwIfRefused } from './state.ts'
import { dropRefreshToken, storeIssued, storeSuccessor } from './successor.ts'
import { lockWaitWithToken, longestWait } from './times.ts'
import { fingerprint, isUnexpired, load, type Reading, remember } from './token-cache.ts'
import { asUnavailable, isMediumFailure, noteFailure, withLock } from './with-lock.ts'

type Outcome =
  | { readonly status: 'tokens'; readonly tokens: Tokens }
  | { readonly status: 'uncertain'; readonly note: Note }
  | { readonly status: 'lost' }

const loadMeaning = /* @__PURE__ */ lazy(() => import('../ims/asking-for-user.ts'))

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
export function renew(state: SessionMemory, errand: Errand, signal: AbortSignal): Promise<Tokens> {
  const name = errand.behind ? 'renewing in the background' : 'renewing'
  return inOperation(state, name, (own) => renewOnce(own, errand, signal))
}

async function renewOnce(state: SessionMemory, errand: Errand, signal: AbortSignal): Promise<Tokens> {
  try {
    throwIfRefused(state)
    return await renewUnderLock(state, errand, signal)
  } catch (error) {
    const { known, began, force, behind } = errand
    // what was read or renewed meanwhile serves as well as what the caller has seen
    const valid = [known, state.cache.memory, state.cache.seen].find((tokens) => isUnexpired(state.setup, tokens))
    const fallback = force || behind || began !== state.generation ? undefined : valid
    const final = signal.aborted || error instanceof LoginRequiredError || error instanceof ConfigurationError
    if (final || fallback === undefined) throw error instanceof ImsResponseError ? await meaningOf(error) : error
    noteFailure(state.setup, error, 'renewing')
    pause(state)
    // the next call may not be able to read it again
    if (!isUnexpired(state.setup, state.cache.memory)) remember(state.setup, state.cache, fallback)
    return fallback
  }
}

/** An answer that asks for the user is `LOGIN_REQUIRED`, if the code that tells can be loaded. */
async function meaningOf(error: ImsResponseError): Promise<unknown> {
  const found = await loadMeaning().catch(() => undefined)
  return found?.askingForUser(error) ?? error
}

async function renewUnderLock(state: SessionMemory, errand: Errand, signal: AbortSignal): Promise<Tokens> {
  const { setup } = state
  const hasToken = () => !errand.force && isUnexpired(setup, errand.known)
  let current = errand
  const locked = {
    name: await setup.tokenKey(),
    signal,
    leave: async (): Promise<Outcome | undefined> => {
      const tokens = await renewedElsewhere(state, errand)
      return tokens && { status: 'tokens', tokens }
    },
    task: (hold: Hold) => renewHeld(state, { errand: current, hold, signal }),
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
    current = { ...errand, began: state.generation }
    if (result.status === 'lost') continue
    if (usable && !errand.behind)
      throw new UnavailableError('TIMEOUT', 'An earlier renewal may still be answered, so none was sent. Try again.')
    const { note } = result
    const watched = await watchOutcome(state, note, { look: () => outcomeIn(state, errand, note), signal })
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

/** The outcome of the redemption of `note`, as far as the store shows it; `lost` once it has another entry. */
async function outcomeIn(state: SessionMemory, errand: Errand, note: Note): Promise<Outcome | undefined> {
  const reading = await load(state.setup, state.cache)
  if (reading.status === 'unknown') return undefined
  const tokens = adoptFrom(state, errand, reading)
  if (tokens !== undefined) return { status: 'tokens', tokens }
  const same = reading.status === 'found' && (await digest(fingerprint(reading.tokens))) === note.of
  // a first refresh token has no entry until it is redeemed
  return same || (reading.status === 'empty' && isContinued(state.setup.flow)) ? undefined : { status: 'lost' }
}

/** What another process or tab has stored meanwhile, if it is what the errand wants. */
async function renewedElsewhere(state: SessionMemory, errand: Errand): Promise<Tokens | undefined> {
  return adoptFrom(state, errand, await load(state.setup, state.cache))
}

/** What the store has, if it is what the errand wants. */
function adoptFrom(state: SessionMemory, errand: Errand, reading: Reading): Tokens | undefined {
  const found = reading.status === 'found' && serves(state, errand, reading.tokens)
  return found ? adopt(state, errand, reading.tokens) : undefined
}

interface Held {
  readonly errand: Errand
  readonly hold: Hold
  readonly signal: AbortSignal
}

async function renewHeld(state: SessionMemory, held: Held): Promise<Outcome> {
  const { setup, cache } = state
  const { errand, hold, signal } = held
  const elapsed = stopwatch(setup.connection.clock)
  for (let round = 0; round < rounds; round++) {
    const reading = await load(setup, cache)
    const tokens = adoptFrom(state, errand, reading)
    if (tokens !== undefined) return { status: 'tokens', tokens }
    if (reading.status === 'found' && errand.began === state.generation) remember(setup, cache, reading.tokens)
    signal.throwIfAborted()
    // the user signed out or in meanwhile: that comes first
    if (errand.began !== state.generation) return { status: 'lost' }
    const token = await redeemable(state, reading)
    if (token === undefined) return { status: 'tokens', tokens: await obtain(state, held, reading) }
    const outcome = await redeemOnce(state, errand, { ...token, hold, elapsed })
    if (outcome !== undefined) return outcome
  }
  return { status: 'lost' }
}

/**
 * The refresh token that a renewal redeems: the stored one, else the one that the credential brought.
 *
 * @throws {UnavailableError} `STORE_FAILED` if the store did not say which
 */
async function redeemable(
  { setup: { flow, connection }, cache }: SessionMemory,
  reading: Reading,
): Promise<Pick<Redeemable, 'entry' | 'first'> | undefined> {
  if (flow.refresh === undefined) return undefined
  if (reading.status === 'unknown')
    throw asUnavailable(reading.error, 'The store cannot be read, so the token was not renewed. Try again later.')
  if (reading.status === 'empty') {
    const refreshToken = isContinued(flow) ? flow.firstRefreshToken() : undefined
    return refreshToken === undefined
      ? undefined
      : { first: true, entry: { accessToken: '', expiresAt: 0, refreshToken } }
  }
  const { refreshToken, refreshExpiresAt = Number.POSITIVE_INFINITY } = reading.tokens
  if (refreshToken === undefined || refreshExpiresAt <= connection.clock.now()) return undefined
  if (cache.refused === fingerprint(reading.tokens)) return undefined
  return { first: false, entry: { ...reading.tokens, refreshToken } }
}

/** The outcome of one redemption; `undefined` if the store has to be looked at again. */
async function redeemOnce(state: SessionMemory, errand: Errand, token: Redeemable): Promise<Outcome | undefined> {
  const { setup, cache } = state
  const redemption = await redeem(state, token).catch((error: unknown) => {
    if (isRefusal(error)) rememberRefusal(state, error)
    throw error
  })
  if (redemption.status === 'answered') return storeSuccessor(state, errand, { ...token, ...redemption })
  if (redemption.status === 'changed') return undefined
  if (redemption.status !== 'refused') return redemption
  await beforeReread(state, redemption.answerLost)
  const now = await load(setup, cache)
  if (now.status === 'unknown')
    throw asUnavailable(now.error, 'The store cannot be read, so the refused token was not removed. Try again later.')
  // the user signed out, or another process has renewed: there is nothing of this entry to write
  const replaced = now.status === 'found' && (token.first || fingerprint(now.tokens) !== fingerprint(token.entry))
  if (replaced || (now.status === 'empty' && !token.first)) return undefined
  const { error, note, answerLost } = redemption
  const left = await dropRefreshToken(state, errand, { ...token, error, note })
  if (left !== undefined && !errand.force) return { status: 'tokens', tokens: left }
  throw new LoginRequiredError('LOGIN_REQUIRED', refusedMessage(token.first, answerLost), {
    ...(isImsError(error) && { cause: error }),
  })
}

function refusedMessage(first: boolean, answerLost: boolean): string {
  const why = answerLost ? ', after an earlier answer was lost on the way' : ''
  const remedy = first ? 'Sign in again and configure the new refresh token.' : 'Call login().'
  return `IMS refuses the refresh token: it is used, revoked or expired${why}. ${remedy}`
}

async function obtain(state: SessionMemory, { errand, signal }: Held, reading: Reading): Promise<Tokens> {
  const { flow, call } = state.setup
  if (!isMachine(flow)) {
    const why = reading.status === 'empty' ? 'No user is signed in' : 'The sign-in has expired'
    throw new LoginRequiredError('LOGIN_REQUIRED', `${why}, and a new token needs the user. Call login().`)
  }
  try {
    return await storeIssued(state, errand, await flow.obtain(await call(signal)))
  } catch (error) {
    if (isRefusal(error)) rememberRefusal(state, error)
    throw error
  }
}
