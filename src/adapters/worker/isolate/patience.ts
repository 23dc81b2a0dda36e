/** How long something may still wait, counted only while this code runs: a frozen isolate loses no patience. */
export interface Patience {
  /**
   * ms that are left.
   *
   * @param step longest time, in ms, that can have passed since the last look if nothing was frozen
   */
  left(step: number): number
}

export function patienceOf(wait: number): Patience {
  let left = wait
  let seen = Date.now()
  return {
    left(step) {
      const now = Date.now()
      left -= Math.min(Math.max(0, now - seen), step)
      seen = now
      return left
    },
  }
}
