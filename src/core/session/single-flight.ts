import { untilAborted } from '../async.ts'

/**
 * Work that many callers wait for and that is done once. A caller's abort ends its own wait only; after the abort of the
 * last caller the work is aborted.
 */
export interface SharedFlight<T> {
  join(signal?: AbortSignal): Promise<T>
  abort(reason: unknown): void
}

/** @param landed runs as soon as the work has settled or was aborted: later callers need a new flight */
export function sharedFlight<T>(work: (signal: AbortSignal) => Promise<T>, landed: () => void): SharedFlight<T> {
  const control = new AbortController()
  const done = work(control.signal).finally(landed)
  done.catch(() => {})
  let waiting = 0
  const abort = (reason: unknown) => {
    landed()
    control.abort(reason)
  }
  return {
    async join(signal) {
      waiting++
      try {
        return await untilAborted(done, signal)
      } finally {
        waiting--
        if (waiting === 0 && signal?.aborted) abort(signal.reason)
      }
    },
    abort,
  }
}
