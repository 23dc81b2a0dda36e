import { untilAborted } from '../../../core/async.ts'
import { lockLike } from '../../../core/memory.ts'
import type { Lock } from '../../../core/ports.ts'

/**
 * `lock`, whose holder ends its task although its request may be gone: what IMS rotated is stored. A waiter that leaves
 * does not wait until the lock has heard of it.
 */
export function keptAlive(lock: Lock, waitUntil: (work: Promise<unknown>) => void): Lock {
  return lockLike(lock, async (name, task, signal) => {
    const waiting = new AbortController()
    const leave = () => waiting.abort(signal?.reason)
    signal?.addEventListener('abort', leave, { once: true })
    const arrived = () => signal?.removeEventListener('abort', leave)
    const work = lock(
      name,
      (hold) => {
        arrived()
        return task(hold)
      },
      signal,
    ).finally(arrived)
    waitUntil(work.catch(() => {}))
    return untilAborted(work, waiting.signal)
  })
}
