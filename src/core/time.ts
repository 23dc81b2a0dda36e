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
const grace = 2_000
/** A timer is late if it fires this many ms after its time. */
const lateness = 500

/** Turns of the event loop in which input is read that arrived while the process was suspended for less. */
const lastTurns = 3

/**
 * Fires after `ms`. What arrived while the process was suspended is read first.
 *
 * @returns a function that prevents it
 */
export function fireAfter(clock: Clock, ms: number, fire: () => void): () => void {
  const elapsed = stopwatch(clock)
  let turns = lastTurns
  const next = () => {
    if (elapsed() >= ms + lateness) cancel = fireAfter(clock, grace, fire)
    else if (turns-- > 0) cancel = setAlarm(clock, 0, next)
    else fire()
  }
  let cancel = setAlarm(clock, ms, next)
  return () => cancel()
}

function setAlarm(clock: Clock, ms: number, fire: () => void): () => void {
  if (clock.alarm !== undefined) return clock.alarm(ms, fire)
  const cancelled = new AbortController()
  clock.sleep(ms, cancelled.signal).then(fire, () => {})
  return () => cancelled.abort()
}
