import type { Faults, Medium } from './faults.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** What every port of the model is made of. */
export interface Wires {
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly random: Random
  readonly history: History
  readonly crash: (process: Process) => void
}

/** One operation of a port. */
export interface Operation<T> {
  /** What may go wrong with it; nothing does if there is none. */
  readonly medium?: Medium
  readonly text: string
  /** Its answer as the history shows it. */
  readonly shown?: (value: T) => string
  /** What it does, at the moment when it does it. */
  readonly effect: () => T
  /** Runs when the process has the answer. */
  readonly arrived?: (value: T) => void
  /** Runs if the operation is known to have failed. */
  readonly failed?: () => void
}

/** The error of a medium, which is none of the library's own. */
export const broken = (text: string) => new Error(`the model breaks ${text}`)

const never = () => new Promise<never>(() => {})

/** ms that a step of an operation takes. */
export function short(random: Random): number {
  const kind = random.next()
  return kind < 0.35 ? 0 : kind < 0.8 ? random.below(8) : random.below(300)
}

/** Runs an operation for `process`: its work and its answer are two moments, and things go wrong before each. */
export function perform<T>(wires: Wires, process: Process, operation: Operation<T>): Promise<T> {
  const { scheduler, faults, random, history } = wires
  const { medium, text, effect, shown = show, arrived, failed } = operation
  // what is left of a process that is gone does nothing any more
  if (process.state === 'gone') return never()
  const fault = medium && faults.draw(process, medium)
  if (fault === 'crash') {
    history.add(process.name, () => `is gone before ${text}`)
    return never()
  }
  history.add(process.name, () => `${text}${fault === undefined ? '' : `  [${fault}]`}`)
  return new Promise<T>((resolve, reject) => {
    const answer = (value: T) =>
      scheduler.within(process, fault === 'late' ? faults.long() : short(random), () => {
        history.add(process.name, () => `${text} → ${fault === 'lost' ? 'lost' : shown(value)}`)
        if (fault === 'lost') {
          failed?.()
          return reject(broken(text))
        }
        arrived?.(value)
        resolve(value)
      })
    const work = () => {
      if (fault !== 'fail') {
        const value = effect()
        if (fault === 'crash after') {
          history.add(process.name, () => `is gone after ${text}`)
          return wires.crash(process)
        }
        return answer(value)
      }
      scheduler.within(process, short(random), () => {
        history.add(process.name, () => `${text} → failed`)
        failed?.()
        reject(broken(text))
      })
    }
    const delay = fault === 'stall' ? faults.long() : short(random)
    // a process that is stopped does not even begin; one that runs cannot take back what it has begun
    if (process.state === 'stopped' && fault !== 'stop after') scheduler.within(process, delay, work)
    else scheduler.after(delay, work)
  })
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
