import type { Random } from './random.ts'

/** A process or browser tab: what crashes, is stopped and goes on as a whole. */
export interface Process {
  readonly name: string
  state: 'running' | 'stopped' | 'gone'
  /** How far its wall clock is ahead of the true time, in ms. */
  wallOffset: number
  /** ms that it was asleep: its monotonic clock does not count them. */
  asleep: number
  /** When it was stopped or left, in true time. */
  since: number
  /** Since when it runs, or ran until it was stopped or left. */
  runsSince: number
  /** ms that it was stopped in all, up to `since`. */
  stopped: number
  /** Whether the present stop stops the monotonic clock as well. */
  sleeping: boolean
  /** What waits for it to go on. */
  readonly backlog: Happening[]
}

interface Happening {
  due: number
  readonly order: number
  readonly process: Process | undefined
  /** Only for timers: when it rings by the process's monotonic clock. */
  readonly rings: number | undefined
  cancelled: boolean
  readonly run: () => void
}

/** Runs what happens, one thing after another in model time, each until the code under test waits for the next. */
export interface Scheduler {
  now(): number
  /** `run` happens after `delay` ms, outside every process. */
  after(delay: number, run: () => void): void
  /** `run` happens in `process` after `delay` ms: later if it is stopped then, never if it is gone. */
  within(process: Process, delay: number, run: () => void): void
  /** As `within`, in ms of the process's monotonic clock. @returns a function that cancels it */
  timer(process: Process, delay: number, run: () => void): () => void
  monotonic(process: Process): number
  newProcess(name: string): Process
  stop(process: Process, ms: number, asleep: boolean): void
  crash(process: Process): void
  /** ms that `process` was stopped until now. */
  stoppedFor(process: Process): number
  /** Runs what is due next. @returns whether there was anything up to `until` */
  step(until: number): Promise<boolean>
  readonly steps: number
}

/** Once everything that can run without the model has run: ticks come after the last microtask. */
const drained = () => new Promise<void>((resolve) => process.nextTick(resolve))

const before = (one: Happening, other: Happening) =>
  one.due < other.due || (one.due === other.due && one.order < other.order)

export function createScheduler(random: Random): Scheduler {
  const heap: Happening[] = []
  const resumptions: { readonly at: number; readonly process: Process }[] = []
  let time = 0
  let steps = 0

  function push(entry: Happening): void {
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(entry, heap[parent] as Happening)) break
      heap[at] = heap[parent] as Happening
      at = parent
    }
    heap[at] = entry
  }

  function pop(): Happening {
    const first = heap[0] as Happening
    const last = heap.pop() as Happening
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) child++
      if (!before(heap[child] as Happening, last)) break
      heap[at] = heap[child] as Happening
      at = child
    }
    heap[at] = last
    return first
  }

  function add(delay: number, run: () => void, process?: Process, rings?: number): Happening {
    // what is due at the same moment happens in any order
    const entry = { due: time + Math.max(0, delay), order: random.next(), process, rings, cancelled: false, run }
    push(entry)
    return entry
  }

  const stoppedFor = (process: Process) => process.stopped + (process.state === 'stopped' ? time - process.since : 0)
  const monotonic = (process: Process) =>
    time - process.asleep - (process.state === 'stopped' && process.sleeping ? time - process.since : 0)

  async function happen(entry: Happening): Promise<void> {
    const { process, rings } = entry
    if (entry.cancelled || process?.state === 'gone') return
    if (process === undefined) return entry.run()
    if (process.state === 'stopped') return void process.backlog.push(entry)
    if (rings !== undefined && rings > monotonic(process)) {
      entry.due = time + rings - monotonic(process)
      return push(entry)
    }
    steps++
    entry.run()
    await drained()
  }

  async function resume(process: Process): Promise<void> {
    if (process.state !== 'stopped') return
    process.stopped += time - process.since
    if (process.sleeping) process.asleep += time - process.since
    Object.assign(process, { state: 'running', runsSince: time })
    // as an event loop does it: first the timers that are overdue, then what has arrived, then everything else
    const waiting = process.backlog.splice(0)
    const timers = waiting.filter(({ rings }) => rings !== undefined).sort((one, other) => one.due - other.due)
    for (const entry of [...timers, ...waiting.filter(({ rings }) => rings === undefined)]) await happen(entry)
  }

  return {
    now: () => time,
    get steps() {
      return steps
    },
    after: (delay, run) => void add(delay, run),
    within: (process, delay, run) => void add(delay, run, process),
    timer(process, delay, run) {
      const entry = add(delay, run, process, monotonic(process) + Math.max(0, delay))
      return () => {
        entry.cancelled = true
      }
    },
    monotonic,
    stoppedFor,
    newProcess: (name) => ({
      name,
      state: 'running',
      wallOffset: 0,
      asleep: 0,
      since: 0,
      runsSince: time,
      stopped: 0,
      sleeping: false,
      backlog: [],
    }),
    stop(process, ms, asleep) {
      if (process.state !== 'running') return
      Object.assign(process, { state: 'stopped', since: time, sleeping: asleep })
      resumptions.push({ at: time + ms, process })
    },
    crash(process) {
      Object.assign(process, { state: 'gone', since: time })
      process.backlog.length = 0
    },
    async step(until) {
      const next = heap[0]
      const resumption = resumptions.reduce<(typeof resumptions)[number] | undefined>(
        (first, other) => (first === undefined || other.at < first.at ? other : first),
        undefined,
      )
      if (resumption !== undefined && resumption.at <= Math.min(until, next?.due ?? Number.POSITIVE_INFINITY)) {
        resumptions.splice(resumptions.indexOf(resumption), 1)
        time = Math.max(time, resumption.at)
        await resume(resumption.process)
        return true
      }
      if (next === undefined || next.due > until) {
        time = Math.max(time, until)
        return false
      }
      time = Math.max(time, next.due)
      await happen(pop())
      return true
    },
  }
}
