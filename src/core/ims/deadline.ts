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
  const stop = () => attempt.abort(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  const silence = setAlarm(clock, timeout, () => attempt.abort(timedOut))
  // a fetch or body that ignores its signal must not hold the caller
  const cut = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason), { once: true })
  })
  try {
    return await Promise.race([task(attempt.signal), cut])
  } finally {
    silence()
    signal?.removeEventListener('abort', stop)
  }
}

function setAlarm(clock: Clock, ms: number, ring: () => void): () => void {
  if (clock.alarm !== undefined) return clock.alarm(ms, ring)
  const silence = new AbortController()
  clock.sleep(ms, silence.signal).then(ring, () => {})
  return () => silence.abort(timedOut)
}
