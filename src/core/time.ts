import type { Clock } from './ports.ts'

/** ms since an arbitrary start, unaffected when the time of day is corrected. */
export function monotonic(clock: Clock): number {
  return clock.monotonic === undefined ? clock.now() : clock.monotonic()
}

/** Measures the ms since it was made, by whichever of the two clocks says more: neither counts all that may pass. */
export function stopwatch(clock: Clock): () => number {
  const [wall, steady] = [clock.now(), monotonic(clock)]
  return () => Math.max(clock.now() - wall, monotonic(clock) - steady)
}
