const queues = new Map<string, Array<() => void>>()

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined
  /** ms */
  readonly wait: number
}

/**
 * Waits until no task of this process is between its turn and its {@link endTurn} for `name`, in order of arrival.
 * Resolves to whether the turn came within `wait` ms. Throws the reason of `signal` untouched.
 */
export async function takeTurn(name: string, { signal, wait }: TurnOptions): Promise<boolean> {
  signal?.throwIfAborted()
  const queue = queues.get(name)
  if (queue === undefined) {
    queues.set(name, [])
    return true
  }
  let came = false
  await new Promise<void>((resolve) => {
    const timer = setTimeout(giveUp, Math.min(wait, 2 ** 31 - 1))
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
  const next = queues.get(name)?.shift()
  if (next === undefined) queues.delete(name)
  else next()
}

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
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
