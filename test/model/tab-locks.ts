import { type Tab, tabLock } from '../../src/adapters/browser/storage/lock-web.ts'
import { type Counts, count } from './history.ts'
import type { LockService } from './lock.ts'
import type { Wires } from './ports.ts'
import type { Process, Scheduler } from './scheduler.ts'
import { createChannels, type Guarded } from './tab-channels.ts'
import type { Judge } from './verdict.ts'
import { brief, createWebLocks } from './web-locks.ts'

interface TabSetting {
  readonly lease: number
  readonly judge: Pick<Judge, 'violation'>
  readonly counts: Counts
}

/** A step that takes longer than this was stalled by the model. */
const stalled = 2_000

/** The real lock of pages, in the pages of one browser profile: its Web Locks and its channels are the model's. */
export function createTabLocks(wires: Wires, { lease, judge, counts }: TabSetting): Required<LockService> {
  const browser = createWebLocks(wires, (victim, held, sentAt) => {
    const { process, name, grantedAt = 0 } = victim
    count(counts, 'fault: tab lock taken over')
    // a page that is asked answers once its task has its second lock
    const second = held.filter((each) => each.process === process && each.name.startsWith(`${name} #`))
    const shows = Math.max(process.runsSince, ...second.map(({ begunAt = Number.POSITIVE_INFINITY }) => begunAt))
    const from = Math.max(grantedAt, sentAt - lease)
    // a lock that has changed hands while it was being taken over
    if (grantedAt > sentAt - stalled) return count(counts, 'residual risk: taken over from the next holder')
    if (process.state === 'running' && second.length > 0 && shows <= from + stalled)
      judge.violation(`${brief(name)} is taken over from ${process.name}, which has been running all the time`)
  })
  /** What `run` throws is handled by nobody but the page. */
  const guarded = (process: Process, run: () => void) => () => {
    try {
      run()
    } catch (error) {
      judge.violation(`an error escapes into ${process.name}: ${String(error)}`)
    }
  }
  const channels = createChannels(wires, guarded)
  const tabOf = (process: Process): Tab => ({
    navigator: { locks: browser.locksOf(process) },
    BroadcastChannel: channels.classOf(process),
    ...timersOf(wires.scheduler, process, guarded),
  })
  return {
    left: () => [...browser.left(), ...channels.left()],
    lockOf: (process) => tabLock(lease, tabOf(process)),
    gone(process) {
      browser.gone(process)
      channels.gone(process)
    },
  }
}

function timersOf(
  scheduler: Scheduler,
  process: Process,
  guarded: Guarded,
): Omit<Tab, 'navigator' | 'BroadcastChannel'> {
  const timers = new Map<unknown, () => void>()
  return {
    performance: { now: () => scheduler.monotonic(process) },
    setTimeout: (run) => scheduler.timer(process, 0, guarded(process, run)),
    setInterval(run, ms) {
      const timer = {}
      const again = () => {
        timers.set(
          timer,
          scheduler.timer(process, ms, () => {
            again()
            guarded(process, run)()
          }),
        )
      }
      again()
      return timer
    },
    clearInterval(timer) {
      timers.get(timer)?.()
      timers.delete(timer)
    },
  }
}
