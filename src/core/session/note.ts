import { asJson, isObject } from '../json.ts'
import type { Hold, Json } from '../ports.ts'
import { noteKey, type Setup } from '../setup.ts'
import { timely } from './timely.ts'
import { noteLifetime } from './times.ts'
import { asUnavailable, within } from './with-lock.ts'

/**
 * A note stored next to the tokens before their refresh token is redeemed. It proves that the store can be written, and
 * shows the next holder of the lock that a redemption with an unknown outcome may have happened.
 */
export interface Note {
  /** Digest of the whole stored entry; a note about another entry means nothing. */
  readonly of: string
  /** The holding of the lock that wrote it. */
  readonly by: string
  /** ms since the epoch */
  readonly at: number
  /**
   * How it ended, if its holder could say. `over`: without an answer. `refused`: IMS refused the token. `redeemed`: a
   * first refresh token was exchanged, and must not be sent again once its successors were removed.
   */
  readonly ended?: 'over' | 'refused' | 'redeemed'
}

/** @throws {UnavailableError} `STORE_FAILED` */
export async function readNote(setup: Setup): Promise<Note | undefined> {
  const stored = await noted(setup, async (key) => setup.platform.store.get(key))
  return isNote(stored) ? stored : undefined
}

/** @throws {UnavailableError} `STORE_FAILED` */
export async function writeNote(setup: Setup, note: Note): Promise<void> {
  const { connection, platform } = setup
  // must be known for as long as a first refresh token is configured, so it does not expire
  const lasting = note.ended === 'refused' || note.ended === 'redeemed'
  const until = lasting ? undefined : connection.clock.now() + noteLifetime
  await noted(setup, (key) => platform.store.set(key, asJson(note), until))
}

async function noted<T>(setup: Setup, work: (key: string) => Promise<T>): Promise<T> {
  try {
    return await within(setup, work(await noteKey(setup)))
  } catch (error) {
    throw asUnavailable(
      error,
      'The store cannot be read or written, so the token was not renewed. Check the store, or try again later.',
    )
  }
}

/** Notes how a redemption ended, for the next holder of the lock. If that fails, the next holder only waits longer. */
export async function closeNote(
  setup: Setup,
  hold: Hold,
  { note, ended }: { readonly note: Note; readonly ended: NonNullable<Note['ended']> },
): Promise<void> {
  try {
    const [held, found] = await timely(setup, () => Promise.all([within(setup, hold.stillHeld()), readNote(setup)]))
    if (held && found?.by === note.by && found.of === note.of) await writeNote(setup, { ...note, ended })
  } catch {
    // the outcome stays unknown: the next holder watches the store for as long as a renewal may take
  }
}

function isNote(stored: Json | undefined): stored is Json & Note {
  return (
    isObject(stored) && typeof stored.of === 'string' && typeof stored.by === 'string' && typeof stored.at === 'number'
  )
}
