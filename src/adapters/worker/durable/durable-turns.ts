import { UnavailableError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import type { DurableNamespace } from '../bindings.ts'
import { patienceOf } from '../isolate/patience.ts'
import { askAgain, askObjects, isSilence, pauseAfter } from './durable-messages.ts'

/** One turn at a lock of a Durable Object. */
export interface DurableTurn {
  readonly name: string
  /** Names this turn: whoever asks again with it asks for the same turn. */
  readonly ticket: string
  /** Absent while it waits. */
  fence?: number
}

interface Waiting {
  /** ms */
  readonly wait: number
  readonly signal: AbortSignal | undefined
}

interface DurableTurns {
  /**
   * @returns the fence of the turn
   * @throws {UnavailableError} `TIMEOUT` if it was not its turn in time, `STORE_FAILED` if the object does not answer
   */
  acquire(turn: DurableTurn, waiting: Waiting): Promise<number>
  /** Extends the lease. @returns whether the turn still has it */
  extend(turn: DurableTurn): Promise<boolean>
  release(turn: DurableTurn): Promise<void>
  /** Whether the turn with that ticket is known to have ended. */
  hasEnded(turn: DurableTurn, ticket: string): Promise<boolean>
}

/** ms that the object may let one question wait. */
const longestPatience = 20_000
const slack = 10_000
/** ms that a waiter that leaves gives the object to hear of it. */
const leaving = 500

/** The turns that the objects of `namespace` give; `object` is the name of the one that has all locks. */
export function durableTurns(
  namespace: DurableNamespace,
  { object, lease }: { readonly object: string | undefined; readonly lease: number },
): DurableTurns {
  const ask = askObjects('durableLock', namespace)
  const again = askAgain(ask)
  const objectOf = ({ name }: DurableTurn) => object ?? name

  return {
    async acquire(turn, { wait, signal }) {
      const { name, ticket } = turn
      const patient = patienceOf(wait)
      let failures = 0
      let silence: unknown
      for (;;) {
        // a waiter that left gets no turn, and would ask for it without a pause
        signal?.throwIfAborted()
        const patience = Math.min(longestPatience, patient.left(longestPatience + slack))
        if (patience <= 0) throw silence ?? tooLong(wait)
        try {
          const { fence } = await ask(objectOf(turn), 'acquire', { name, ticket, lease, patience })
          if (fence !== undefined) return fence
          failures = 0
          silence = undefined
        } catch (error) {
          if (!isSilence(error)) throw error
          silence = error
          await systemClock.sleep(pauseAfter(++failures), signal)
        }
      }
    },
    extend: async (turn) => {
      const { name, ticket } = turn
      return (await again(objectOf(turn), 'extend', { name, ticket, lease })).held
    },
    async release(turn) {
      const { name, ticket, fence } = turn
      const message = { name, ticket, ...(fence !== undefined && { fence }) }
      // a holder that is not heard of loses its lease anyway; a waiter that leaves asks once only
      const left =
        fence === undefined ? ask(objectOf(turn), 'release', message) : again(objectOf(turn), 'release', message)
      await (fence === undefined ? Promise.race([left, systemClock.sleep(leaving)]) : left).catch(() => undefined)
    },
    async hasEnded(turn, ticket) {
      const asked = again(objectOf(turn), 'ended', { name: turn.name, ticket })
      // not known is not ended
      return (await asked.catch(() => ({ ended: false }))).ended
    },
  }
}

export function tooLong(wait: number): UnavailableError {
  return new UnavailableError('TIMEOUT', `the lock was not free within ${wait} ms; try again later`)
}
