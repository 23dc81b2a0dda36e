import { onAbort } from '../async.ts'
import type { Clock } from '../ports.ts'
import { grace, lateness, stopwatch } from '../time.ts'

/** The reason a {@link withDeadline} signal aborts with when time is up; never leaves this library. */
export const timedOut = /* @__PURE__ */ Symbol('timed out')

/** Runs `task` with a signal that aborts after `timeout` ms, or with `signal`, whichever comes first. */
export async function withDeadline<T>(
  { clock, timeout, signal }: { clock: Clock; timeout: number; signal?: AbortSignal | undefined },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const attempt = new AbortController()
  const listening = onAbort(signal, () => attempt.abort(signal?.reason))
  const silence = ringAfter(clock, timeout, () => attempt.abort(timedOut))
  // a fetch or body that ignores its signal must not hold the caller
  const cut = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason), { once: true })
  })
  try {
    return await Promise.race([task(attempt.signal), cut])
  } finally {
    silence()
    listening()
  }
}

/** Rings after `ms`. If that comes late, what arrived while nothing could run is read first. */
function ringAfter(clock: Clock, ms: number, ring: () => void): () => void {
  const elapsed = stopwatch(clock)
  let silence = setAlarm(clock, ms, () => {
    if (elapsed() < ms + lateness) return ring()
    silence = ringAfter(clock, grace, ring)
  })
  return () => silence()
}

function setAlarm(clock: Clock, ms: number, ring: () => void): () => void {
  if (clock.alarm !== undefined) return clock.alarm(ms, ring)
  const silence = new AbortController()
  clock.sleep(ms, silence.signal).then(ring, () => {})
  return () => silence.abort(timedOut)
}
