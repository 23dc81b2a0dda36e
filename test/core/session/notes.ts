import { digest } from '../../../src/core/digest.ts'
import type { Json, Tokens } from '../../../src/core/index.ts'
import { fingerprint } from '../../../src/core/session/token-cache.ts'
import { world } from './signed-in.ts'

export const it = world()

/** Leaves the note of a process that began to redeem what is stored and was not heard of again. */
export async function leaveNote(more: Record<string, Json> = {}): Promise<string> {
  const [key = ''] = await it.on.store.keys('imskit/tokens/')
  const of = await digest(fingerprint((await it.on.store.get(key)) as unknown as Tokens))
  const noteKey = key.replace('imskit/tokens/', 'imskit/renewals/')
  await it.on.store.set(noteKey, { of, by: 'another process', at: it.clock.now(), ...more })
  return noteKey
}
