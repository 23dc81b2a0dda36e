/** Counts down only while this code runs, so that a frozen isolate does not time out. */
export interface Patience {
  /**
   * ms that are left.
   *
   * @param step the longest time in ms since the last call if the isolate was not frozen
   */
  left(step: number): number
}

export function patienceOf(wait: number): Patience {
  let left = wait
  let last = Date.now()
  return {
    left(step) {
      const now = Date.now()
      left -= Math.min(Math.max(0, now - last), step)
      last = now
      return left
    },
  }
}
