import type { Clock } from './ports.ts'

/** ms of the longest timer: a longer one fires at once. */
export const longestTimer = 2 ** 31 - 1

/** ms since an arbitrary start, unaffected when the time of day is corrected. */
export function monotonic(clock: Clock): number {
  return clock.monotonic === undefined ? clock.now() : clock.monotonic()
}

/** Measures the ms since it was made, by the clock that says more: neither the wall clock nor the monotonic clock counts all time. */
export function stopwatch(clock: Clock): () => number {
  const [wall, steady] = [clock.now(), monotonic(clock)]
  return () => Math.max(clock.now() - wall, monotonic(clock) - steady)
}

/** ms in which pending input is read after a timer that fired late: the process or page was suspended meanwhile. */
export const grace = 2_000
/** A timer is late if it fires this many ms after its time. */
export const lateness = 500

/** Turns of the event loop in which input is read that arrived while the process was suspended for less. */
export const lastTurns = 3

/** Sleeps for `ms`, and longer if the process was suspended meanwhile, so that pending input is read first. */
export async function sleepOut(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const elapsed = stopwatch(clock)
  const isLate = () => elapsed() >= ms + lateness
  await clock.sleep(ms, signal)
  for (let turn = 0; turn < lastTurns && !isLate(); turn++) await clock.sleep(0, signal)
  if (isLate()) await sleepOut(clock, grace, signal)
}
