import { untilAborted } from '../../../core/async.ts'
import { ConfigurationError, UnavailableError } from '../../../core/errors.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Hold, Lock } from '../../../core/ports.ts'
import type { DurableNamespace } from '../bindings.ts'
import { turnsHere } from '../isolate/turns-here.ts'
import { type DurableTurn, durableTurns } from './durable-turns.ts'

export interface DurableLockOptions {
  /** Name of the Durable Object that holds all locks. Default: one object for each lock. */
  readonly object?: string | undefined
  /** ms without a sign of life after which a holder loses its lock. Default and minimum 10,000. */
  readonly lease?: number | undefined
  /** ms that a caller may wait for its turn. Default 60,000; at least `lease` + 40,000. */
  readonly wait?: number | undefined
}

/** A lock whose turns are numbered. */
export interface DurableLock extends Lock {
  readonly lease: number
  /** The number of the turn that holds `name` here: it grows with every turn. */
  fenceOf(name: string): number | undefined
  /**
   * Makes sure that the turn that holds `name` here still does; without a turn there is nothing to ask.
   *
   * @throws {UnavailableError} `STORE_FAILED` if it does not, or if the object cannot be asked
   */
  confirm(name: string): Promise<void>
}

const shortestLease = 10_000
/** ms that a renewal may take: a waiter that gives up earlier would fail although the holder is alive. */
const longestTask = 40_000

/** The options of {@link durableLock} by their names. */
export const lockOptions: OptionNames<DurableLockOptions> = { object: 1, lease: 1, wait: 1 }

/**
 * A {@link Lock} across isolates and regions, by a Durable Object of class `ImsLock`. Its holder has a lease that is
 * extended while the task runs, so that a holder that is gone delays the others for the length of the lease only. An
 * object that was reset, as by each deployment, is asked again with the same ticket until the wait ends.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function durableLock(namespace: DurableNamespace, options: DurableLockOptions = {}): DurableLock {
  checkOptions('durableLock', options, lockOptions)
  const { object, lease = shortestLease } = options
  const { wait = Math.max(60_000, lease + longestTask) } = options
  requireAtLeast('lease', lease, shortestLease)
  requireAtLeast('wait', wait, lease + longestTask)
  const there = durableTurns(namespace, { object, lease })
  const here = turnsHere<DurableTurn>(lease)

  function holdOf(turn: DurableTurn): Hold {
    return {
      id: turn.ticket,
      stillHeld: () => there.extend(turn),
      hasEnded: (id) => there.hasEnded(turn, id),
    }
  }

  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const turn: DurableTurn = { name, ticket: crypto.randomUUID() }
    const seat = await here.enter(name, turn, { wait, signal })
    const beat = setInterval(() => {
      seat.beat()
      if (turn.fence !== undefined) there.extend(turn).catch(() => {})
    }, lease / 3)
    try {
      turn.fence = await untilAborted(there.acquire(turn, { wait, signal }), signal)
      return await task(holdOf(turn))
    } finally {
      clearInterval(beat)
      seat.leave()
      await there.release(turn)
    }
  }

  return Object.assign(lock, {
    lease,
    fenceOf: (name: string) => here.holder(name)?.fence,
    async confirm(name: string) {
      const turn = here.holder(name)
      if (turn === undefined || (await there.extend(turn))) return
      const message =
        'this lock was lost to another holder before its task ended, so nothing was written over what that one wrote; try again'
      throw new UnavailableError('STORE_FAILED', message)
    },
  })
}

function requireAtLeast(name: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value < 2 ** 31) return
  throw new ConfigurationError('BAD_OPTION', `${name} must be a number of milliseconds, ${least} or more`)
}
