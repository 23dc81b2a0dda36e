import { onAbort } from '../async.ts'
import type { Clock } from '../ports.ts'
import { grace, lastTurns, lateness, stopwatch } from '../time.ts'

/** The abort reason of a {@link withDeadline} signal after its timeout; it never leaves imskit. */
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
  // the caller must not wait for a fetch or body that ignores its signal
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

/** Fires after `ms`. Answers that arrived while the process was suspended are read first. */
function ringAfter(clock: Clock, ms: number, ring: () => void): () => void {
  const elapsed = stopwatch(clock)
  let turns = lastTurns
  const next = () => {
    if (elapsed() >= ms + lateness) silence = ringAfter(clock, grace, ring)
    else if (turns-- > 0) silence = setAlarm(clock, 0, next)
    else ring()
  }
  let silence = setAlarm(clock, ms, next)
  return () => silence()
}

function setAlarm(clock: Clock, ms: number, ring: () => void): () => void {
  if (clock.alarm !== undefined) return clock.alarm(ms, ring)
  const silence = new AbortController()
  clock.sleep(ms, silence.signal).then(ring, () => {})
  return () => silence.abort(timedOut)
}
