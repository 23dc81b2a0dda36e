import { untilAborted } from '../../../core/async.ts'
import { lockLike } from '../../../core/memory.ts'
import type { Lock } from '../../../core/ports.ts'

/**
 * `lock`, but the runtime is kept alive until each task settles, even if its request is cancelled, so that rotated tokens
 * are stored. A caller that stops waiting does not wait until the lock has removed it from the queue.
 */
export function lockWithWaitUntil(lock: Lock, waitUntil: (work: Promise<unknown>) => void): Lock {
  return lockLike(lock, async (name, task, signal) => {
    const waiting = new AbortController()
    const abort = () => waiting.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    const stopListening = () => signal?.removeEventListener('abort', abort)
    const work = lock(
      name,
      (hold) => {
        stopListening()
        return task(hold)
      },
      signal,
    ).finally(stopListening)
    waitUntil(work.catch(() => {}))
    return untilAborted(work, waiting.signal)
  })
}
