import { digest } from '../digest.ts'
import { UnavailableError } from '../errors.ts'
import type { AttemptGuard, Call } from '../ims/call.ts'
import { isGrantOver, isRefusal, notAnAnswer } from '../ims/refusal.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Hold } from '../ports.ts'
import type { Setup } from '../setup.ts'
import { closeNote, type Note, readNote, writeNote } from './note.ts'
import type { Held } from './renewing.ts'
import type { SessionMemory } from './state.ts'
import { timely } from './timely.ts'
import { attemptLimit, renewalLimit } from './times.ts'
import { fingerprint, load, type Reading } from './token-cache.ts'
import { asUnavailable, within } from './with-lock.ts'

/** One refresh token that is about to be redeemed, under one holding of the lock. */
export interface Redeemable extends Held {
  /** The stored entry, or what stands for it if the credential brought the refresh token. */
  readonly entry: Tokens & { readonly refreshToken: string }
  /** The refresh token comes from the credential; the store has no entry yet. */
  readonly first: boolean
}

export type Redemption =
  | { readonly status: 'answered'; readonly answer: Tokens; readonly note: Note }
  /** IMS refused the token. `answerLost`: an earlier redemption may have been answered, and the answer did not arrive. */
  | { readonly status: 'refused'; readonly error: unknown; readonly answerLost: boolean; readonly note: Note }
  /** A redemption by another holding has an unknown outcome. */
  | { readonly status: 'uncertain'; readonly note: Note }
  /** The store has another entry by now. */
  | { readonly status: 'changed' }
  /** The lock was lost to another holder. */
  | { readonly status: 'lost' }

const changed: Redemption = { status: 'changed' }
const lost: Redemption = { status: 'lost' }

/**
 * Redeems a refresh token: note, check, send (RFC 6749, section 6). Nothing is sent unless the note could be written,
 * the lock is still held and the store still has the entry; both are asked before every attempt.
 *
 * @throws {UnavailableError} if the lock, the store or IMS does not answer; the token may have been redeemed only if IMS
 *   was asked and did not answer
 * @throws {ImsResponseError} if IMS refused the client, not the token
 */
export async function redeem(state: SessionMemory, redeemable: Redeemable): Promise<Redemption> {
  const { setup } = state
  const { entry, first, hold } = redeemable
  const of = await digest(fingerprint(entry))
  // a holder that has lost the lock must not write over the note of the next one
  const { held, earlier, over } = await timely(setup, async () => {
    const [found, held] = await Promise.all([readNote(setup), stillHeld(setup, hold)])
    const earlier = found?.of === of && found.by !== hold.id ? found : undefined
    return { held, earlier, over: earlier === undefined || (await isOver(state, hold, earlier)) }
  })
  if (!held) return lost
  if (earlier?.ended === 'refused' || (first && earlier?.ended === 'redeemed'))
    return { status: 'refused', error: undefined, answerLost: false, note: earlier }
  if (earlier !== undefined && !over) return { status: 'uncertain', note: earlier }
  state.uncertain = undefined
  const note: Note = { of, by: hold.id ?? crypto.randomUUID(), at: setup.connection.clock.now() }
  await writeNote(setup, note)
  const attempts = guardOf(state, redeemable)
  try {
    const answer = await setup.flow.refresh?.(await callFor(setup, attempts), entry.refreshToken)
    return answer === undefined ? changed : { status: 'answered', answer, note }
  } catch (error) {
    if (error === changed) return changed
    if (error === lost) return lost
    const answerLost = earlier !== undefined || attempts.sent > 1
    if (isGrantOver(error)) return { status: 'refused', error, answerLost, note }
    await closeNote(setup, hold, { note, ended: 'over' })
    throw isRefusal(error) ? error : notAnAnswer(error)
  }
}

/** Whether the redemption of `note` can no longer be answered: its holder has exited, or its time has passed. */
async function isOver({ setup, uncertain }: SessionMemory, hold: Hold, note: Note): Promise<boolean> {
  if (note.ended !== undefined) return true
  if (uncertain?.note === nameOf(note) && uncertain.watched >= renewalLimit) return true
  return (await within(setup, hold.hasEnded?.(note.by) ?? Promise.resolve(false)).catch(() => false)) === true
}

const nameOf = ({ of, by }: Note) => `${of} ${by}`

/**
 * Watches the store for `ms` of running time, or until the outcome of `note` cannot be waited for any longer.
 *
 * @param look asked once a second; a value ends the wait and is returned
 */
export async function watchOutcome<T>(
  state: SessionMemory,
  note: Note,
  { look, signal }: { readonly look: () => Promise<T | undefined>; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const step = 1_000
  if (state.uncertain?.note !== nameOf(note)) state.uncertain = { note: nameOf(note), watched: 0 }
  const watching = state.uncertain
  let { watched } = watching
  while (watching.watched < renewalLimit && state.uncertain === watching) {
    // one slice counts as one slice: a process that stood still has not watched
    await state.setup.connection.clock.sleep(step, signal)
    watched += step
    // calls that watch at the same time do not make it pass faster
    watching.watched = Math.max(watching.watched, watched)
    const value = await look()
    if (value !== undefined) return value
  }
  return undefined
}

/** The call of a redemption. It is not aborted with its callers: a successor that is not stored is a lost session. */
async function callFor(setup: Setup, attempts: AttemptGuard): Promise<Call> {
  const call = await setup.call()
  return { ...call, timeout: Math.min(call.timeout, attemptLimit), attempts }
}

function guardOf({ setup, cache }: SessionMemory, token: Redeemable): AttemptGuard & { sent: number } {
  const { hold, elapsed } = token
  const timeout = Math.min(setup.connection.timeout, attemptLimit)
  const fits = (delay: number) => elapsed() + delay + timeout <= renewalLimit
  const guard = {
    sent: 0,
    fits,
    async before() {
      const [held, reading] = await Promise.all([stillHeld(setup, hold), load(setup, cache)])
      if (!held) throw lost
      if (reading.status === 'unknown')
        throw asUnavailable(reading.error, 'The store cannot be read, so the token was not renewed. Try again later.')
      // another call of this process may have read the successor while the lock was asked
      const seen = cache.unsaved === undefined ? cache.seen : undefined
      if (!isStillStored(reading, token) || (seen !== undefined && fingerprint(seen) !== fingerprint(token.entry)))
        throw changed
      if (!fits(0)) throw new UnavailableError('TIMEOUT', 'The renewal took too long and was not sent. Try again.')
      guard.sent++
    },
  }
  return guard
}

async function stillHeld(setup: Setup, hold: Hold): Promise<boolean> {
  try {
    return await within(setup, hold.stillHeld())
  } catch (error) {
    throw asUnavailable(error, 'The lock cannot be asked, so the token was not renewed. Try again later.')
  }
}

/** What the store has now, which a login may have changed that did not get the lock in time. */
export function readAgain({ setup, cache }: SessionMemory): Promise<Reading> {
  return timely(setup, () => load(setup, cache))
}

/** Whether the store has what is redeemed, and nothing else yet; `undefined` if it did not answer. */
export function isStillStored(reading: Reading, { entry, first }: Pick<Redeemable, 'entry' | 'first'>) {
  if (reading.status === 'unknown') return undefined
  return reading.status === 'empty' ? first : !first && fingerprint(reading.tokens) === fingerprint(entry)
}
