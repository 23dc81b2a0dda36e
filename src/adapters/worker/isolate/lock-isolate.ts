import type { Lock } from '../../../core/ports.ts'
import { isolateQueue } from './isolate-queue.ts'
import { newState, type SharedState } from './shared-state.ts'

/** ms without a heartbeat after which a holder is removed: a runtime may stop a worker in the middle of a request. */
const lease = 30_000
const mostEnded = 1_000

/**
 * A {@link Lock} among the requests of one isolate or process.
 *
 * @param find finds the state of the lock; several copies of this module may share it
 */
export function isolateLock(find: () => SharedState | Promise<SharedState> = ownState()): Lock {
  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const { queues, ended } = await find()
    const id = crypto.randomUUID()
    const seat = await isolateQueue(lease, queues).enter(name, id, { signal })
    // IMS may take longer than the lease; the timer stops if the request is cancelled
    const heartbeat = setInterval(seat.heartbeat, lease / 10)
    try {
      return await task({ id, stillHeld: async () => seat.isFirst(), hasEnded: async (other) => ended.has(other) })
    } finally {
      clearInterval(heartbeat)
      seat.leave()
      ended.add(id)
      if (ended.size > mostEnded) for (const oldest of ended) if (ended.delete(oldest)) break
    }
  }
  return Object.assign(lock, { lease })
}

function ownState(): () => SharedState {
  const state = newState()
  return () => state
}
