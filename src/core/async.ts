type Run = () => void

interface Listener {
  readonly runs: Set<Run>
  readonly hear: Run
}

const listeners = /* @__PURE__ */ new WeakMap<AbortSignal, Listener>()

/**
 * Calls `run` when `signal` aborts. However many calls share a signal, it carries one listener: Node.js warns of a leak
 * from the eleventh on. The last one that is taken back removes the listener.
 *
 * @returns a function that takes `run` back
 */
export function onAbort(signal: AbortSignal | undefined, run: Run): Run {
  if (signal === undefined) return () => {}
  const { runs, hear } = listeners.get(signal) ?? listenTo(signal)
  runs.add(run)
  return () => {
    if (!runs.delete(run) || runs.size > 0) return
    signal.removeEventListener('abort', hear)
    listeners.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Listener {
  const runs = new Set<Run>()
  const hear = () => {
    listeners.delete(signal)
    for (const run of runs) run()
    runs.clear()
  }
  signal.addEventListener('abort', hear, { once: true })
  const listener = { runs, hear }
  listeners.set(signal, listener)
  return listener
}

/** `work`, or `signal.reason` if that comes first; `work` itself goes on. */
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
