import { processLock } from '../../src/core/memory.ts'
import type { Changes, Platform } from '../../src/core/ports.ts'
import { modelClock } from './clock.ts'
import { createFaults, type Faults } from './faults.ts'
import { type Counts, count, createHistory, type History } from './history.ts'
import { createJudge } from './judge.ts'
import { createLockService, type LockService } from './lock.ts'
import { createMedium, type Entry, modelStore, type SharedMedium } from './medium.ts'
import { createNetwork } from './network.ts'
import type { Plan } from './plan.ts'
import { short } from './ports.ts'
import { createRandom, type Random } from './random.ts'
import { createScheduler, type Process, type Scheduler } from './scheduler.ts'
import { createServer, type Family, type Server } from './server.ts'
import { createTabLocks } from './tab-locks.ts'
import type { Judge } from './verdict.ts'

/** Everything that a run consists of but for the clients. */
export interface World {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly server: Server
  readonly judge: Judge
  readonly medium: SharedMedium
  readonly history: History
  /** For what the clients are asked to do. */
  readonly random: Random
  readonly counts: Counts
  /** All logins, the latest last. */
  readonly families: Family[]
  /** When a user last began or finished to sign in or out anywhere. */
  userActedAt: number
  /** How many sign-outs a process is busy with. */
  readonly leaving: Map<Process, number>
  /** What a client in `process` is provided with. */
  platformOf(process: Process): Platform
  /** Runs when a process has crashed. */
  onCrash(work: (process: Process) => void): void
  /** What is held or open when nothing happens any more. */
  left(): string[]
}

export const endpoint = 'https://ims.example'

export function createWorld(plan: Plan, { counts, kept }: { counts: Counts; kept: boolean }): World {
  const stream = (name: string) => createRandom(plan.seed, name)
  const scheduler = createScheduler(stream('order'))
  const { now } = scheduler
  const history = createHistory(now, kept)
  const crashed: ((process: Process) => void)[] = []
  const crash = (process: Process) => {
    if (process.state === 'gone') return
    scheduler.crash(process)
    count(counts, 'crashes')
    locks.gone(process)
    for (const work of crashed) work(process)
  }
  const faults = createFaults({ plan, random: stream('faults'), scheduler, counts, history, crash })
  const random = stream('time')
  const wires = { scheduler, faults, random, history, crash }
  const judge: Judge = createJudge({ scheduler, server: () => server, rotating: plan.rotating, history, counts })
  const server = createServer({ now, random: stream('server'), rotating: plan.rotating })
  const medium = createMedium(() => now() + 1_767_225_600_000)
  const locks: LockService =
    plan.setting.name === 'tabs'
      ? createTabLocks(wires, { lease: plan.setting.lease, judge, counts })
      : createLockService(wires, plan.setting)
  const alone = new Map<Process, Platform['lock']>()
  const taste = stream('platform')
  const network = createNetwork(wires, { server, judge, dated: taste.chance(0.5), slow: plan.slow })
  const told = taste.chance(0.5)
  const shared = taste.chance(0.9)
  const listeners = new Set<{ process: Process; heard: Parameters<Changes['subscribe']>[0] }>()
  const families: Family[] = []
  const leaving = new Map<Process, number>()

  function changed(process: Process, before: Entry | undefined, after: Entry | undefined): void {
    const old = before && server.familyOf(before.refreshToken ?? before.accessToken)
    const next = after && server.familyOf(after.refreshToken ?? after.accessToken)
    // a login that does not get the lock in time is stored without it
    if (old && next && old !== next && judge.hasEnded(next)) old.excuse ??= 'an earlier write landed after the login'
    const signsOut = after === undefined && (leaving.get(process) ?? 0) > 0
    if (old !== undefined && old !== next && (signsOut || next !== undefined)) judge.ended(old)
    // a sign-out removes what it finds, and may crash before its end
    if (old !== undefined && signsOut) old.excuse ??= 'the user signed out'
  }

  const changesOf = (process: Process): Changes => ({
    notify(change) {
      if (process.state === 'gone') return
      for (const listener of listeners) {
        if (listener.process === process && plan.clients <= plan.setting.processes) continue
        if (faults.happens('changes', 0.2)) faults.note('change not heard of')
        else scheduler.within(listener.process, short(random), () => listener.heard(change))
      }
    },
    subscribe(heard) {
      const listener = { process, heard }
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })

  function lockOf(process: Process): Platform['lock'] {
    if (plan.setting.processes > 1) return locks.lockOf(process)
    const lock = alone.get(process) ?? processLock()
    alone.set(process, lock)
    return lock
  }

  return {
    plan,
    scheduler,
    faults,
    server,
    judge,
    medium,
    history,
    random: stream('calls'),
    counts,
    families,
    userActedAt: Number.NEGATIVE_INFINITY,
    leaving,
    platformOf: (process) => ({
      store: modelStore(wires, process, { medium, judge, changed }),
      lock: lockOf(process),
      clock: modelClock(scheduler, process),
      fetch: network(process),
      ...(told && { changes: changesOf(process) }),
      sharing: shared,
    }),
    left: () => locks.left?.() ?? [],
    onCrash: (work) => void crashed.push(work),
  }
}
