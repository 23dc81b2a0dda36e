import { shared } from './lock-shared.ts'

// how much a single look counts at most: a process that was stopped must not find its patience at an end
const longestLook = 1000

/** Counts the time in which this process ran, as far as it looks at the clock at least once a second. */
export function runningTime(): () => number {
  let counted = 0
  let last = performance.now()
  return () => {
    const now = performance.now()
    counted += Math.min(now - last, longestLook)
    last = now
    return counted
  }
}

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined
  /** ms of running time */
  readonly wait: number
  /** How long the caller has waited, as {@link runningTime} counts. */
  readonly waited: () => number
}

/**
 * Waits until no task of this process is between its turn and its {@link endTurn} for `name`, in order of arrival.
 * Resolves to whether the turn came within `wait` ms of running time. Throws the reason of `signal` untouched.
 */
export async function takeTurn(name: string, { signal, wait, waited }: TurnOptions): Promise<boolean> {
  signal?.throwIfAborted()
  const { queues } = shared()
  const queue = queues.get(name)
  if (queue === undefined) {
    queues.set(name, [])
    return true
  }
  let came = false
  await new Promise<void>((resolve) => {
    let timer = setTimeout(look, Math.min(wait, longestLook))
    function look() {
      const left = wait - waited()
      // timers may fire a little early
      if (left < 1) giveUp()
      else timer = setTimeout(look, Math.min(left, longestLook))
    }
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      resolve()
    }
    const go = () => {
      came = true
      end()
    }
    function giveUp() {
      queue?.splice(queue.indexOf(go), 1)
      end()
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    queue.push(go)
  })
  if (came && signal?.aborted) endTurn(name)
  signal?.throwIfAborted()
  return came
}

export function endTurn(name: string): void {
  const { queues } = shared()
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
