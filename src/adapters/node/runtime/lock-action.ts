import { processLock } from '../../../core/memory.ts'
import type { Lock } from '../../../core/ports.ts'

/**
 * The lock of an I/O Runtime action: among the calls of one container, which shares no disk with the others. The
 * stored tokens are shared, so notes may name holdings of other containers, about which nothing is known.
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
