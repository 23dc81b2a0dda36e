import { sharedLockState } from './lock-shared.ts'

// the most that one reading of the clock adds: the time while a process was stopped must not count as waiting
const longestStep = 1000

/** Counts the ms in which this process ran, if the returned function is called at least once a second. */
export function runningTime(): () => number {
  let counted = 0
  let last = performance.now()
  return () => {
    const now = performance.now()
    counted += Math.min(now - last, longestStep)
    last = now
    return counted
  }
}

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined
  /** In ms of running time. */
  readonly wait: number
  /** How long the caller has waited, as counted by {@link runningTime}. */
  readonly waited: () => number
}

/**
 * Waits for the turn of the caller: tasks of this process that use `name` run one at a time, in order of arrival, each
 * until its {@link endTurn}. Resolves to whether the turn came within `wait` ms of running time. Rejects with the
 * unchanged reason of `signal`.
 */
export async function takeTurn(name: string, { signal, wait, waited }: TurnOptions): Promise<boolean> {
  signal?.throwIfAborted()
  const { queues } = sharedLockState()
  const queue = queues.get(name)
  if (queue === undefined) {
    queues.set(name, [])
    return true
  }
  let isMyTurn = false
  await new Promise<void>((resolve) => {
    let timer = setTimeout(check, Math.min(wait, longestStep))
    function check() {
      const left = wait - waited()
      // timers may fire a little early
      if (left < 1) giveUp()
      else timer = setTimeout(check, Math.min(left, longestStep))
    }
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      resolve()
    }
    const start = () => {
      isMyTurn = true
      settle()
    }
    function giveUp() {
      queue?.splice(queue.indexOf(start), 1)
      settle()
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    queue.push(start)
  })
  if (isMyTurn && signal?.aborted) endTurn(name)
  signal?.throwIfAborted()
  return isMyTurn
}

/** Ends the turn of the caller and starts that of the next task. */
export function endTurn(name: string): void {
  const { queues } = sharedLockState()
  const next = queues.get(name)?.shift()
  if (next === undefined) queues.delete(name)
  else next()
}

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function pauseUnlessAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}
