import { UnavailableError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import type { DurableNamespace } from '../bindings.ts'
import { patienceOf } from '../isolate/patience.ts'
import { askObjects, askRepeatedly, isNoAnswer, pauseAfter } from './durable-messages.ts'

/** One turn at a lock of a Durable Object. */
export interface DurableTurn {
  readonly name: string
  /** Identifies this turn: a repeated request with the same ticket asks for the same turn. */
  readonly ticket: string
  /** Missing while the turn waits. */
  fence?: number
}

interface Waiting {
  /** ms */
  readonly wait: number
  readonly signal: AbortSignal | undefined
}

export interface DurableTurns {
  /**
   * @returns the fence of the turn
   * @throws {UnavailableError} `TIMEOUT` if the turn did not come in time, `STORE_FAILED` if the object does not answer
   */
  acquire(turn: DurableTurn, waiting: Waiting): Promise<number>
  /** Extends the lease. @returns whether the turn still has the lock */
  extend(turn: DurableTurn): Promise<boolean>
  release(turn: DurableTurn): Promise<void>
  /** Whether the turn with `ticket` is known to have ended. */
  hasEnded(turn: DurableTurn, ticket: string): Promise<boolean>
}

/** ms that the object may delay its answer to one message. */
const longestPatience = 20_000
const slack = 10_000
/** ms that a caller that stops waiting gives the object to answer. */
const leaving = 500

/**
 * Turns at the Durable Objects of `namespace`.
 *
 * @param options.object the object that has all locks; without it, each lock has its own
 */
export function durableTurns(
  namespace: DurableNamespace,
  { object, lease }: { readonly object: string | undefined; readonly lease: number },
): DurableTurns {
  const ask = askObjects('durableLock', namespace)
  const askAgain = askRepeatedly(ask)
  const objectOf = ({ name }: DurableTurn) => object ?? name

  return {
    async acquire(turn, { wait, signal }) {
      const { name, ticket } = turn
      const waitPatience = patienceOf(wait)
      let failures = 0
      let lastFailure: unknown
      for (;;) {
        // after an abort, the object answers at once and without a turn, and this loop would not pause
        signal?.throwIfAborted()
        const patience = Math.min(longestPatience, waitPatience.left(longestPatience + slack))
        if (patience <= 0) throw lastFailure ?? tooLong(wait)
        try {
          const { fence } = await ask(objectOf(turn), 'acquire', { name, ticket, lease, patience })
          if (fence !== undefined) return fence
          failures = 0
          lastFailure = undefined
        } catch (error) {
          if (!isNoAnswer(error)) throw error
          lastFailure = error
          await systemClock.sleep(pauseAfter(++failures), signal)
        }
      }
    },
    extend: async (turn) => {
      const { name, ticket } = turn
      return (await askAgain(objectOf(turn), 'extend', { name, ticket, lease })).held
    },
    async release(turn) {
      const { name, ticket, fence } = turn
      const message = { name, ticket, ...(fence !== undefined && { fence }) }
      // the lease of a holder expires anyway; a caller that stops waiting sends one message only
      const released =
        fence === undefined ? ask(objectOf(turn), 'release', message) : askAgain(objectOf(turn), 'release', message)
      await (fence === undefined ? Promise.race([released, systemClock.sleep(leaving)]) : released).catch(
        () => undefined,
      )
    },
    async hasEnded(turn, ticket) {
      const answer = askAgain(objectOf(turn), 'ended', { name: turn.name, ticket })
      // if the object does not answer, the turn is not known to have ended
      return (await answer.catch(() => ({ ended: false }))).ended
    },
  }
}

export function tooLong(wait: number): UnavailableError {
  return new UnavailableError('TIMEOUT', `The lock was not free within ${wait} ms; try again later`)
}
