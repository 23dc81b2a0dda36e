import { UnavailableError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import { type Patience, patienceOf } from './patience.ts'

/** One caller in the queue of a name; the first one has the turn. */
interface Waiter<Turn> {
  readonly turn: Turn
  /** Counts the caller's heartbeats. If its request was cancelled, there are no more. */
  heartbeats: number
  waits: boolean
}

/** A caller's place in a queue, once it has the turn. */
export interface Seat {
  heartbeat(): void
  leave(): void
  /** Whether this caller still has the turn. */
  isFirst(): boolean
}

export interface IsolateQueue<Turn> {
  /**
   * Waits for the turn at `name`.
   *
   * @throws {UnavailableError} `TIMEOUT` after `wait` ms
   */
  enter(name: string, turn: Turn, waiting: { wait?: number; signal?: AbortSignal | undefined }): Promise<Seat>
  /** The turn that holds `name`. */
  holder(name: string): Turn | undefined
}

/** ms between two checks of the next caller in the queue, and of the callers behind it. */
const shortPause = 2
const longPause = 20
/** The longest time in ms between two checks if the isolate was not frozen. */
const longestStep = longPause * 10
/** ms without a heartbeat after which a waiting caller is removed; its heartbeats are 20 ms apart. */
const silence = 1_000

export type Queues<Turn> = Map<string, Waiter<Turn>[]>

/**
 * Turns among the requests of one isolate or process, in the order of their arrival. A request of a worker must not wait
 * for a promise of another one, so each request checks the queue with its own timers.
 *
 * @param lease ms without a heartbeat after which a holder is removed
 * @param queues shared, if several copies of this module are loaded
 */
export function isolateQueue<Turn>(lease: number, queues: Queues<Turn> = new Map()): IsolateQueue<Turn> {
  return {
    async enter(name, turn, { wait = Number.POSITIVE_INFINITY, signal }) {
      const waiter: Waiter<Turn> = { turn, heartbeats: 0, waits: true }
      queues.set(name, [...(queues.get(name) ?? []), waiter])
      try {
        await untilFirst({ queues, lease, name, waiter }, patienceOf(wait), signal)
      } catch (error) {
        leave(queues, name, waiter)
        throw error
      }
      waiter.waits = false
      waiter.heartbeats++
      return {
        heartbeat() {
          waiter.heartbeats++
        },
        leave: () => leave(queues, name, waiter),
        isFirst: () => queues.get(name)?.[0] === waiter,
      }
    },
    holder: (name) => queues.get(name)?.[0]?.turn,
  }
}

interface Waiting<Turn> {
  readonly queues: Queues<Turn>
  readonly lease: number
  readonly name: string
  readonly waiter: Waiter<Turn>
}

/** The caller before this one in the queue, as it was when this one started to watch it. */
interface Watched<Turn> {
  readonly waiter: Waiter<Turn>
  readonly heartbeats: number
  readonly patience: Patience
}

async function untilFirst<Turn>(waiting: Waiting<Turn>, patience: Patience, signal?: AbortSignal): Promise<void> {
  const { queues, lease, name, waiter } = waiting
  let watched: Watched<Turn> | undefined
  for (;;) {
    const queue = queues.get(name) ?? []
    const place = queue.indexOf(waiter)
    // another caller has removed this one, because its heartbeats were late
    if (place < 0) queues.set(name, [...queue, waiter])
    const before = place < 0 ? queue.at(-1) : queue[place - 1]
    if (before === undefined) return
    // patience counts running time only, so that an isolate that was frozen does not remove a live holder
    if (watched?.waiter !== before || watched.heartbeats !== before.heartbeats)
      watched = {
        waiter: before,
        heartbeats: before.heartbeats,
        patience: patienceOf(before.waits ? silence : lease),
      }
    else if (watched.patience.left(longestStep) <= 0) leave(queues, name, before)
    waiter.heartbeats++
    if (patience.left(longestStep) <= 0)
      throw new UnavailableError('TIMEOUT', 'The lock was not free in time; try again later')
    await systemClock.sleep(place === 1 ? shortPause : longPause, signal)
  }
}

function leave<Turn>(queues: Queues<Turn>, name: string, waiter: Waiter<Turn>): void {
  const rest = (queues.get(name) ?? []).filter((each) => each !== waiter)
  if (rest.length === 0) queues.delete(name)
  else queues.set(name, rest)
}
