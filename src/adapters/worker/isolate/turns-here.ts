import { UnavailableError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import { type Patience, patienceOf } from './patience.ts'

/** One caller in the queue of a name; the first one has the turn. */
interface Seat<Turn> {
  readonly turn: Turn
  /** Grows with every sign of life: a request that was cancelled gives none. */
  beats: number
  waits: boolean
}

export interface Seated {
  /** Gives a sign of life. */
  beat(): void
  leave(): void
  /** Whether this caller still has the turn. */
  isFirst(): boolean
}

export interface TurnsHere<Turn> {
  /**
   * Waits for the turn at `name`.
   *
   * @throws {UnavailableError} `TIMEOUT` after `wait` ms
   */
  enter(name: string, turn: Turn, waiting: { wait?: number; signal?: AbortSignal | undefined }): Promise<Seated>
  /** The turn that holds `name`. */
  holder(name: string): Turn | undefined
}

/** ms between two looks of the next in the queue, and of those behind it. */
const soon = 2
const later = 20
/** ms without a sign of life after which a caller that waits counts as gone: it should give one every 20 ms. */
const silence = 1_000

export type Queues<Turn> = Map<string, Seat<Turn>[]>

/**
 * Turns among the requests of one isolate or process, first come, first served. A request of a worker must not wait for
 * a promise of another one, so each looks with timers of its own.
 *
 * @param lease ms without a sign of life after which a caller counts as gone
 * @param queues where they are kept; several copies of this module may share them
 */
export function turnsHere<Turn>(lease: number, queues: Queues<Turn> = new Map()): TurnsHere<Turn> {
  function remove(name: string, seat: Seat<Turn>): void {
    const left = (queues.get(name) ?? []).filter((each) => each !== seat)
    if (left.length === 0) queues.delete(name)
    else queues.set(name, left)
  }

  async function wait(name: string, mine: Seat<Turn>, patient: Patience, signal?: AbortSignal): Promise<void> {
    let watched: { readonly seat: Seat<Turn>; readonly beats: number; readonly patience: Patience } | undefined
    for (;;) {
      const queue = queues.get(name) ?? []
      const place = queue.indexOf(mine)
      // was taken for gone
      if (place < 0) queues.set(name, [...queue, mine])
      const before = place < 0 ? queue.at(-1) : queue[place - 1]
      if (before === undefined) return
      // counts running time, so that a frozen isolate takes no turn from a holder that is alive
      if (watched?.seat !== before || watched.beats !== before.beats)
        watched = { seat: before, beats: before.beats, patience: patienceOf(before.waits ? silence : lease) }
      else if (watched.patience.left(later * 10) <= 0) remove(name, before)
      mine.beats++
      if (patient.left(later * 10) <= 0)
        throw new UnavailableError('TIMEOUT', 'the lock was not free in time; try again later')
      await systemClock.sleep(place === 1 ? soon : later, signal)
    }
  }

  return {
    async enter(name, turn, { wait: longest = Number.POSITIVE_INFINITY, signal }) {
      const mine: Seat<Turn> = { turn, beats: 0, waits: true }
      queues.set(name, [...(queues.get(name) ?? []), mine])
      try {
        await wait(name, mine, patienceOf(longest), signal)
      } catch (error) {
        remove(name, mine)
        throw error
      }
      mine.waits = false
      mine.beats++
      return {
        beat() {
          mine.beats++
        },
        leave: () => remove(name, mine),
        isFirst: () => queues.get(name)?.[0] === mine,
      }
    },
    holder: (name) => queues.get(name)?.[0]?.turn,
  }
}
