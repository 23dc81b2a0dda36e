type Run = () => void

interface Listener {
  readonly runs: Set<Run>
  readonly onAborted: Run
}

const listeners = /* @__PURE__ */ new WeakMap<AbortSignal, Listener>()

/**
 * Calls `run` when `signal` aborts. A signal that several calls share gets one listener: Node.js warns of a leak from the
 * eleventh on. The listener is removed with the last `run`.
 *
 * @returns a function that removes `run`
 */
export function onAbort(signal: AbortSignal | undefined, run: Run): Run {
  if (signal === undefined) return () => {}
  const { runs, onAborted } = listeners.get(signal) ?? listenTo(signal)
  runs.add(run)
  return () => {
    if (!runs.delete(run) || runs.size > 0) return
    signal.removeEventListener('abort', onAborted)
    listeners.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Listener {
  const runs = new Set<Run>()
  const onAborted = () => {
    listeners.delete(signal)
    for (const run of runs) run()
    runs.clear()
  }
  signal.addEventListener('abort', onAborted, { once: true })
  const listener = { runs, onAborted }
  listeners.set(signal, listener)
  return listener
}

/** Settles as `work` does, or rejects with `signal.reason` if the signal aborts first; `work` itself continues. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      work.catch(() => {})
      return reject(signal.reason)
    }
    const stop = onAbort(signal, () => reject(signal.reason))
    work.then(resolve, reject).finally(stop)
  })
}
