import { isImsError, LoginRequiredError, UnavailableError } from '../errors.ts'
import { isContinued } from '../flows/flow.ts'
import type { Note } from './note.ts'
import { isStillStored, type Redeemable, readAgain, redeem, watchOutcome } from './redemption.ts'
import { adoptFrom, obtainTokens } from './renewal.ts'
import type { Held, Outcome } from './renewing.ts'
import type { SessionMemory } from './state.ts'
import { dropRefreshToken, storeSuccessor } from './successor.ts'
import { rereadDelay } from './times.ts'
import { fingerprint, load, type Reading } from './token-cache.ts'
import { asUnavailable } from './with-lock.ts'

export { askingForUser as meaning } from '../ims/asking-for-user.ts'
export { renew } from './renewal.ts'

/** Redeems the refresh token. Without one, obtains tokens with only the credential, if the flow can. */
export async function newTokens(state: SessionMemory, held: Held, reading: Reading): Promise<Outcome | undefined> {
  const found = redeemable(state, reading)
  return found === undefined ? obtainTokens(state, held, reading) : redeemOnce(state, { ...held, ...found })
}

/**
 * The refresh token that a renewal redeems: the stored one, else the one that the credential brought.
 *
 * @throws {UnavailableError} `STORE_FAILED` if the store did not say which
 */
function redeemable(
  { setup: { flow, connection }, cache }: SessionMemory,
  reading: Reading,
): Pick<Redeemable, 'entry' | 'first'> | undefined {
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
async function redeemOnce(state: SessionMemory, token: Redeemable): Promise<Outcome | undefined> {
  const { setup } = state
  const redemption = await redeem(state, token)
  if (redemption.status === 'answered') return storeSuccessor(state, { ...token, ...redemption })
  if (redemption.status === 'changed') return undefined
  if (redemption.status === 'lost') return redemption
  if (redemption.status === 'uncertain') return uncertain(state, token, redemption.note)
  // the answer of an earlier redemption may be on its way to another process
  if (redemption.answerLost) await setup.connection.clock.sleep(rereadDelay)
  const now = await readAgain(state)
  if (now.status === 'unknown')
    throw asUnavailable(now.error, 'The store cannot be read, so the refused token was not removed. Try again later.')
  // the user signed out, or another process has renewed: there is nothing of this entry to write
  if (!isStillStored(now, token)) return undefined
  const { error, note, answerLost } = redemption
  const left = await dropRefreshToken(state, { ...token, error, note })
  if (left !== undefined && !token.errand.force) return { status: 'tokens', tokens: left }
  throw new LoginRequiredError('LOGIN_REQUIRED', refusedMessage(token.first, answerLost), {
    ...(isImsError(error) && { cause: error }),
  })
}

function refusedMessage(first: boolean, answerLost: boolean): string {
  const why = answerLost ? ', after an earlier answer was lost on the way' : ''
  const remedy = first ? 'Sign in again and configure the new refresh token.' : 'Call login().'
  return `IMS refuses the refresh token: it is used, revoked or expired${why}. ${remedy}`
}

/** An earlier redemption of `token` may still be answered: its outcome is looked for in the store. */
function uncertain(state: SessionMemory, token: Redeemable, note: Note): Outcome {
  const look = async (): Promise<Outcome | undefined> => {
    const reading = await load(state.setup, state.cache)
    const replaced = isStillStored(reading, token) === false
    return adoptFrom(state, token.errand, reading) ?? (replaced ? { status: 'lost' } : undefined)
  }
  return {
    status: 'uncertain',
    async watch(waits) {
      if (waits) return watchOutcome(state, note, { look, signal: token.signal })
      throw new UnavailableError('TIMEOUT', 'An earlier renewal may still be answered, so none was sent. Try again.')
    },
  }
}
