import type { Counts, History } from './history.ts'
import { count } from './history.ts'
import type { Group, Plan } from './plan.ts'
import type { Random } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** What goes wrong with one operation. */
export type Fault =
  /** It fails and does nothing. */
  | 'fail'
  /** It does its work, and its answer is lost. */
  | 'lost'
  /** It takes long to do its work. */
  | 'stall'
  /** It does its work, and its answer takes long. */
  | 'late'
  /** The process is gone before the work is done, or before the answer is there. */
  | 'crash'
  | 'crash after'
  /** The process is stopped before the work is done, or before the answer is there. */
  | 'stop'
  | 'stop after'

/** The media that can be out of order for a while. */
export type Medium = 'store.get' | 'store.set' | 'store.delete' | 'lock' | 'network'

export interface Faults {
  /** What goes wrong with this operation, if anything does. */
  draw(process: Process, medium: Medium): Fault | undefined
  /** Whether something of `group` happens now, at this rate while anything may. */
  happens(group: Group, rate: number): boolean
  /** How long a stall takes, in ms. */
  long(): number
  note(what: string): void
  /** From here on everything works. */
  heal(): void
  readonly healed: boolean
}

interface FaultSetting {
  readonly plan: Plan
  readonly random: Random
  readonly scheduler: Scheduler
  readonly counts: Counts
  readonly history: History
  readonly crash: (process: Process) => void
}

const rate = 0.1
const outages: Readonly<Record<Medium, Group>> = {
  'store.get': 'store',
  'store.set': 'store',
  'store.delete': 'store',
  lock: 'lock',
  network: 'network',
}

export function createFaults({ plan, random, scheduler, counts, history, crash }: FaultSetting): Faults {
  let left = plan.faults
  let healed = false
  const out = new Map<Medium, number>()

  const note = (what: string) => count(counts, `fault: ${what}`)
  const long = () => random.pick([2_500, 6_000, 12_000, 28_000, 33_000, 50_000, 90_000]) + random.below(1_000)

  function happens(group: Group, chance: number): boolean {
    if (healed || left === 0 || !plan.allowed.has(group) || !random.chance(chance)) return false
    left--
    return true
  }

  function jump(process: Process): void {
    const by = random.pick([-3_600_000, -90_000, -20_000, 20_000, 90_000, 3_600_000])
    process.wallOffset += by
    note(by < 0 ? 'clock set back' : 'clock set forward')
    history.add(process.name, () => `its clock jumps by ${by} ms`)
  }

  function stop(process: Process): void {
    const ms = long()
    // one fault at a time: a clock that is set back while another stands still tells nobody anything
    const asleep = !plan.allowed.has('clock') && random.chance(0.3)
    scheduler.stop(process, ms, asleep)
    history.add(process.name, () => `is ${asleep ? 'put to sleep' : 'stopped'} for ${ms} ms`)
  }

  function own(medium: Medium): Fault | undefined {
    if (healed || (out.get(medium) ?? 0) > scheduler.now()) return healed ? undefined : 'fail'
    if (!happens(outages[medium], rate)) return undefined
    const fault = random.pick(['fail', 'lost', 'stall', 'late', 'outage', 'outage'] as const)
    note(`${medium} ${fault}`)
    if (fault !== 'outage') return fault
    const ms = random.pick([1_000, 10_000, 60_000, 180_000])
    out.set(medium, scheduler.now() + ms)
    history.add('world', () => `${medium} is out of order for ${ms} ms`)
    return 'fail'
  }

  return {
    happens,
    long,
    note,
    get healed() {
      return healed
    },
    draw(process, medium) {
      if (process.state === 'gone') return undefined
      if (happens('clock', rate / 4)) jump(process)
      if (happens('crash', rate / 3)) {
        const fault = random.chance(0.4) ? 'crash' : 'crash after'
        note(`crash ${fault === 'crash' ? 'before' : 'after'} ${medium}`)
        if (fault === 'crash') crash(process)
        return fault
      }
      if (happens('stop', rate / 3)) {
        const fault = random.chance(0.4) ? 'stop' : 'stop after'
        note(`stop ${fault === 'stop' ? 'before' : 'after'} ${medium}`)
        stop(process)
        return fault
      }
      return own(medium)
    },
    heal() {
      healed = true
      out.clear()
    },
  }
}
