import { processLock } from '../../../core/memory.ts'
import type { Lock } from '../../../core/ports.ts'

/**
 * The lock of an I/O Runtime action. It excludes calls within one container only, because containers share no disk, but
 * they share the tokens in the State service. Against another container, only the renewal note in State protects: a
 * container that reads the note of another one, whose state it cannot know, waits for the outcome before it redeems.
 * Two that both read before either has written the note can still redeem the same refresh token.
 */
export function actionLock(): Lock {
  const lock = processLock()
  const container = crypto.randomUUID()
  return (name, task, signal) =>
    lock(
      name,
      ({ stillHeld }) => {
        const id = `${container}/${crypto.randomUUID()}`
        // this process runs one task of a name at a time
        return task({ id, stillHeld, hasEnded: async (other) => other !== id && other.startsWith(`${container}/`) })
      },
      signal,
    )
}
