import { processLock } from '../../../core/memory.ts'
import type { Lock } from '../../../core/ports.ts'

/**
 * The lock of an I/O Runtime action. It excludes calls within one container, because containers do not share a disk.
 * They share the stored tokens, so renewal notes may name holds of other containers, whose state is not known.
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
