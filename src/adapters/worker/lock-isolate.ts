import { systemClock } from '../../core/memory.ts'
import type { Lock } from '../../core/ports.ts'

const pause = 20
/** ms after which a holder that is no longer heard of counts as gone: a worker may be ended in the middle of a request. */
const lease = 30_000

/**
 * A {@link Lock} among the requests of one isolate or process. A request of a worker must not wait for a promise of
 * another one, so each waits with timers of its own and looks again.
 */
export function isolateLock(): Lock {
  const held = new Map<string, { until: number }>()
  return async (name, task, signal) => {
    signal?.throwIfAborted()
    while ((held.get(name)?.until ?? 0) > Date.now()) await systemClock.sleep(pause, signal)
    const mine = { until: Date.now() + lease }
    held.set(name, mine)
    // IMS may take longer than the lease; a beat that ends with its request says nothing any more
    const beat = setInterval(() => {
      mine.until = Date.now() + lease
    }, lease / 3)
    try {
      return await task({ stillHeld: async () => held.get(name) === mine })
    } finally {
      clearInterval(beat)
      if (held.get(name) === mine) held.delete(name)
    }
  }
}
