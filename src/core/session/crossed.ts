import { digest } from '../digest.ts'
import type { Tokens } from '../ims/tokens.ts'
import { readNote } from './note.ts'
import type { SessionState } from './state.ts'
import { longestWait } from './times.ts'
import { fingerprint, load, remember, save } from './token-cache.ts'
import { noteFailure, withLock } from './with-lock.ts'

/**
 * Stores the tokens of a login again if another process has removed them: they were stored without the lock, and whoever
 * held it dropped a refused refresh token at the same moment. A user who has signed out since leaves no note behind, so
 * that is not undone.
 */
export async function restoreCrossed(state: SessionState, tokens: Tokens): Promise<void> {
  const { setup, cache, generation } = state
  const task = async () => {
    if (generation !== state.generation) return
    const [reading, note] = [await load(setup, cache), await readNote(setup)]
    if (!isDropped(reading.status === 'found' ? reading.tokens : undefined, tokens) || reading.status === 'unknown')
      return
    if (note === undefined || note.of === (await digest(fingerprint(tokens)))) return
    if (generation !== state.generation) return
    remember(setup, cache, tokens)
    const over = reading.status === 'found' ? fingerprint(reading.tokens) : undefined
    await save(setup, cache, { tokens, over })
    await state.announce('token')
  }
  const wait = longestWait(setup.platform.lock.lease)
  const outcome = await withLock(setup, { name: await setup.tokenKey(), task, wait })
  if ('failure' in outcome) noteFailure(setup, outcome.failure, 'locking')
}

/** Whether `stored` is what dropping a refresh token leaves: nothing, or an older access token alone. */
function isDropped(stored: Tokens | undefined, tokens: Tokens): boolean {
  if (stored === undefined) return true
  return stored.refreshToken === undefined && (stored.obtainedAt ?? 0) < (tokens.obtainedAt ?? 0)
}
