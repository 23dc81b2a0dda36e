import { isRefusal } from '../ims/refusal.ts'
import { showTokens, type Tokens } from '../ims/tokens.ts'
import { defined } from '../json.ts'
import { closeNote, type Note, writeNote } from './note.ts'
import { isStillStored, type Redeemable, readAgain } from './redemption.ts'
import type { Outcome } from './renewing.ts'
import { announce, reportToken, type SessionMemory } from './state.ts'
import { fingerprint, isUnexpired, type Reading, remember, save, saveAgain, saveAgainHeld } from './token-cache.ts'
import { noteFailure } from './with-lock.ts'

/** ms between two tries to store a successor. While its callers wait, and then behind them. */
const firstTries = [100, 300, 600]
const laterTries = [1_000, 2_000, 3_000, 4_000]

interface Answered extends Redeemable {
  readonly answer: Tokens
  readonly note: Note
}

/**
 * Stores what a refresh token was exchanged for, if the redeemed entry is still the stored one. If another is there,
 * that one is used; if none is there, the user has signed out, and the successor is revoked.
 *
 * @returns `undefined` if the successor was not stored, so that the store must be looked at again
 */
export async function storeSuccessor(state: SessionMemory, answered: Answered): Promise<Outcome | undefined> {
  const { setup, cache } = state
  const { errand, entry, first, note, hold } = answered
  const tokens = showTokens({ ...carried(entry, answered.answer), ...answered.answer })
  const now = await readUntilKnown(state)
  const stored = isStillStored(now, answered)
  const over = first ? undefined : fingerprint(entry)
  const signedOut = state.signedOutAt > errand.began || (now.status === 'empty' && !first)
  if (signedOut) {
    // in case the store keeps what it should forget
    if (!first) cache.refused = over
    // the sign-out waits for the lock, and the next holder must not redeem the same refresh token first
    if (now.status === 'found' && stored) await save(setup, cache, { tokens: undefined, over })
    return revoke(state, tokens)
  }
  if (stored === false) return undefined
  const change = { tokens, over }
  if (errand.began !== state.generation) {
    // a login that waits for the lock replaces it, and comes first; if it fails, the session is still there
    await save(setup, cache, change)
    return { status: 'lost' }
  }
  remember(setup, cache, tokens)
  await saveWithPatience(state, change)
  // a server that does not rotate gives the same token again, and then it is not used up
  if (first && tokens.refreshToken !== entry.refreshToken) await closeNote(setup, hold, { note, ended: 'redeemed' })
  await announce(state, 'token')
  return { status: 'tokens', tokens: reportToken(state, tokens, 'refreshed') }
}

/** A store that cannot be read just now is asked a few times more: a successor must not replace what it does not know. */
async function readUntilKnown(state: SessionMemory): Promise<Reading> {
  let reading = await readAgain(state)
  for (const delay of firstTries) {
    if (reading.status !== 'unknown') return reading
    await state.setup.connection.clock.sleep(delay)
    reading = await readAgain(state)
  }
  return reading
}

async function saveWithPatience(
  { setup, cache }: SessionMemory,
  change: { readonly tokens: Tokens; readonly over: string | undefined },
): Promise<void> {
  const { clock } = setup.connection
  if (await save(setup, cache, change)) return
  for (const delay of firstTries) {
    await clock.sleep(delay)
    // the user may have signed out meanwhile, and that is not undone
    if (await saveAgainHeld(setup, cache)) return
  }
  const behind = async () => {
    for (const delay of laterTries) {
      await clock.sleep(delay)
      if (await saveAgain(setup, cache)) return
    }
  }
  const work = behind().catch((error: unknown) => noteFailure(setup, error, 'writing the store'))
  setup.platform.waitUntil?.(work)
}

/** What was redeemed for a user who has signed out meanwhile must not stay valid at IMS. */
async function revoke({ setup }: SessionMemory, { refreshToken, accessToken }: Tokens): Promise<undefined> {
  const { flow, call, platform } = setup
  const work = async () => {
    if (refreshToken !== undefined) await flow.invalidate(await call(), 'refresh_token', refreshToken)
    await flow.invalidate(await call(), 'access_token', accessToken)
  }
  const done = work().catch((error: unknown) => noteFailure(setup, error, 'invalidating'))
  // the lock is not held for it, unless the runtime would drop what is not awaited
  if (platform.waitUntil !== undefined) platform.waitUntil(done)
  else if (platform.sharing === false) await done
  return undefined
}

/**
 * Forgets a refresh token that IMS has refused, and remembers so if the credential brought it.
 *
 * @returns what is left: an access token that has not expired
 */
export async function dropRefreshToken(
  state: SessionMemory,
  { errand: { began }, entry, first, note, error }: Redeemable & { readonly error: unknown; readonly note: Note },
): Promise<Tokens | undefined> {
  const { setup, cache } = state
  const { connection, flow } = setup
  connection.emit({
    type: 'refresh-refused',
    clientId: flow.clientId,
    error: isRefusal(error) ? error.imsError : undefined,
  })
  if (first) {
    if (note.ended === undefined)
      await writeNote(setup, { ...note, ended: 'refused' }).catch((error) =>
        noteFailure(setup, error, 'writing a note'),
      )
    return undefined
  }
  const { refreshToken: _, refreshExpiresAt: __, ...rest } = entry
  const left = isUnexpired(setup, rest) ? showTokens(rest) : undefined
  if (began !== state.generation) return undefined
  // in case the store keeps what it should forget
  cache.refused = fingerprint(entry)
  remember(setup, cache, left)
  await save(setup, cache, { tokens: left, over: fingerprint(entry) })
  return left
}

/** What a refresh response may leave out and what then stays as it was (RFC 6749, section 6). */
function carried({ refreshToken, refreshExpiresAt, scopes, claims }: Tokens, answer: Tokens): Partial<Tokens> {
  const same = answer.refreshToken === undefined || answer.refreshToken === refreshToken
  return defined({ refreshToken, refreshExpiresAt: same ? refreshExpiresAt : undefined, scopes, claims })
}
