import type { Lock } from '../../../core/ports.ts'
import { newState, type SharedState } from './shared-state.ts'
import { turnsHere } from './turns-here.ts'

/** ms after which a holder that is no longer heard of counts as gone: a worker may be ended in the middle of a request. */
const lease = 30_000
const fewHoldings = 1_000

/**
 * A {@link Lock} among the requests of one isolate or process.
 *
 * @param find where its turns are kept; several copies of this module may share them
 */
export function isolateLock(find: () => SharedState | Promise<SharedState> = ownState()): Lock {
  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const { queues, ended } = await find()
    const id = crypto.randomUUID()
    const seat = await turnsHere(lease, queues).enter(name, id, { signal })
    // IMS may take longer than the lease; a beat that ends with its request says nothing any more
    const beat = setInterval(seat.beat, lease / 10)
    try {
      return await task({ id, stillHeld: async () => seat.isFirst(), hasEnded: async (other) => ended.has(other) })
    } finally {
      clearInterval(beat)
      seat.leave()
      ended.add(id)
      if (ended.size > fewHoldings) for (const oldest of ended) if (ended.delete(oldest)) break
    }
  }
  return Object.assign(lock, { lease })
}

function ownState(): () => SharedState {
  const state = newState()
  return () => state
}
