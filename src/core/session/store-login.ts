import { digest } from '../digest.ts'
import type { Tokens } from '../ims/tokens.ts'
import { readNote } from './note.ts'
import { announce, continuesBehind, type SessionMemory } from './state.ts'
import { longestWait } from './times.ts'
import { fingerprint, load, remember, save } from './token-cache.ts'
import { noteFailure, withLock, withLockIfSoon } from './with-lock.ts'

/** Stores the tokens of a login, in place of those that are there. */
export async function storeLogin(state: SessionMemory, tokens: Tokens): Promise<void> {
  const { setup, cache } = state
  state.generation++
  state.refusal = undefined
  await withLockIfSoon(setup, await setup.tokenKey(), async (held) => {
    const before = await load(setup, cache)
    remember(setup, cache, tokens)
    const over = before.status === 'found' ? fingerprint(before.tokens) : undefined
    await save(setup, cache, { tokens, over })
    await announce(state, 'login')
    if (held || over === undefined || !continuesBehind(setup)) return
    const work = restoreCrossed(state, { tokens, over }).catch((error: unknown) => noteFailure(setup, error, 'locking'))
    setup.platform.waitUntil?.(work)
  })
}

/** What a login stored without the lock, and the fingerprint of the entry that it replaced. */
interface Replacement {
  readonly tokens: Tokens
  readonly over: string
}

/**
 * Stores the tokens of a login again if the holder of the lock has written over them at the same moment: it was redeeming
 * the entry that they replaced, and dropped or renewed it. A user who has signed out since leaves no note behind, so that
 * is not undone.
 */
async function restoreCrossed(state: SessionMemory, { tokens, over }: Replacement): Promise<void> {
  const { setup, cache, generation } = state
  const task = async () => {
    const [reading, note, replaced] = [await load(setup, cache), await readNote(setup), await digest(over)]
    const found = reading.status === 'found' ? fingerprint(reading.tokens) : undefined
    const crossed = reading.status !== 'unknown' && found !== fingerprint(tokens) && note?.of === replaced
    if (!crossed || generation !== state.generation) return
    remember(setup, cache, tokens)
    await save(setup, cache, { tokens, over: found })
    await announce(state, 'token')
  }
  const wait = longestWait(setup.platform.lock.lease)
  const outcome = await withLock(setup, { name: await setup.tokenKey(), task, wait })
  if ('failure' in outcome) noteFailure(setup, outcome.failure, 'locking')
}
