import { untilAborted } from '../../../core/async.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { badOption, checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Hold, Lock } from '../../../core/ports.ts'
import type { DurableNamespace } from '../bindings.ts'
import { type IsolateQueue, isolateQueue } from '../isolate/isolate-queue.ts'
import { type DurableTurn, type DurableTurns, durableTurns } from './durable-turns.ts'

export interface DurableLockOptions {
  /** Name of the Durable Object that holds all locks. Default: one object for each lock. */
  readonly object?: string | undefined
  /** ms without a heartbeat after which a holder loses its lock. Default and minimum: 10,000. */
  readonly lease?: number | undefined
  /** ms that a caller may wait for its turn. Default 60,000; at least `lease` + 40,000. */
  readonly wait?: number | undefined
}

/** A lock whose turns are numbered. */
export interface DurableLock extends Lock {
  readonly lease: number
  /** The number of the turn that holds `name` in this isolate. It grows with every turn. */
  fenceOf(name: string): number | undefined
  /**
   * Checks that the turn that holds `name` in this isolate still has the lock; does nothing if there is no such turn.
   *
   * @throws {UnavailableError} `STORE_FAILED` if it lost the lock, or if the object does not answer
   */
  confirm(name: string): Promise<void>
}

/** A durable lock and the queue of this isolate before it. */
interface State {
  readonly lease: number
  readonly wait: number
  /** The turns at the Durable Object. */
  readonly remote: DurableTurns
  /** The turns within this isolate: only the first caller asks the object. */
  readonly local: IsolateQueue<DurableTurn>
}

const shortestLease = 10_000
/** ms that a renewal may take: a caller that stops waiting earlier would fail although the holder is alive. */
const longestTask = 40_000

/** The names of the options of {@link durableLock}. */
export const lockOptions: OptionNames<DurableLockOptions> = { object: 'string', lease: 'number', wait: 'number' }

/**
 * A {@link Lock} across isolates and regions, in a Durable Object of class `ImsLock`. Its holder has a lease that is
 * extended while the task runs: if the holder dies, its lease expires. If the object was reset, as by each deployment,
 * the lock repeats its request until the wait ends.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * workerPlatform({ kv: env.TOKENS, lock: durableLock(env.IMS), ctx })
 */
export function durableLock(namespace: DurableNamespace, options: DurableLockOptions = {}): DurableLock {
  checkOptions('durableLock', options, lockOptions)
  const { object, lease = shortestLease } = options
  const { wait = Math.max(60_000, lease + longestTask) } = options
  requireAtLeast('lease', lease, shortestLease)
  requireAtLeast('wait', wait, lease + longestTask)
  const remote = durableTurns(namespace, { object, lease })
  const state: State = { lease, wait, remote, local: isolateQueue<DurableTurn>(lease) }
  const lock: Lock = (name, task, signal) => runLocked(state, { name, signal }, task)
  return Object.assign(lock, {
    lease,
    fenceOf: (name: string) => state.local.holder(name)?.fence,
    confirm: (name: string) => confirm(state, name),
  })
}

async function runLocked<T>(
  { lease, wait, remote, local }: State,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal | undefined },
  task: (hold: Hold) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const turn: DurableTurn = { name, ticket: crypto.randomUUID() }
  const seat = await local.enter(name, turn, { wait, signal })
  const heartbeat = setInterval(() => {
    seat.heartbeat()
    if (turn.fence !== undefined) remote.extend(turn).catch(() => {})
  }, lease / 3)
  try {
    turn.fence = await untilAborted(remote.acquire(turn, { wait, signal }), signal)
    return await task(holdOf(remote, turn))
  } finally {
    clearInterval(heartbeat)
    seat.leave()
    await remote.release(turn)
  }
}

function holdOf(remote: DurableTurns, turn: DurableTurn): Hold {
  return {
    id: turn.ticket,
    stillHeld: () => remote.extend(turn),
    hasEnded: (id) => remote.hasEnded(turn, id),
  }
}

async function confirm({ remote, local }: State, name: string): Promise<void> {
  const turn = local.holder(name)
  if (turn === undefined || (await remote.extend(turn))) return
  const message =
    'Another holder acquired the lock before this task had finished, so nothing was overwritten; try again'
  throw new UnavailableError('STORE_FAILED', message)
}

function requireAtLeast(name: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value < 2 ** 31) return
  throw badOption(`${name} must be a number of milliseconds, ${least} or more`)
}
