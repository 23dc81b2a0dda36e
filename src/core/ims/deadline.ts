import type { Clock } from '../ports.ts'

/** The reason a {@link withDeadline} signal aborts with when time is up; never leaves this library. */
export const timedOut = /* @__PURE__ */ Symbol('timed out')

/** Runs `task` with a signal that aborts after `ms`, or with `signal`, whichever comes first. */
export async function withDeadline<T>(
  { clock, timeout, signal }: { clock: Clock; timeout: number; signal?: AbortSignal | undefined },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const attempt = new AbortController()
  const timer = new AbortController()
  const stop = () => attempt.abort(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  clock.sleep(timeout, timer.signal).then(
    () => attempt.abort(timedOut),
    () => {},
  )
  // a fetch or body that ignores its signal must not hold the caller
  const cut = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason), { once: true })
  })
  try {
    return await Promise.race([task(attempt.signal), cut])
  } finally {
    timer.abort(timedOut) // any reason: without one, an exception with its stack is made for nothing
    signal?.removeEventListener('abort', stop)
  }
}
