/** The clock of the emulator, which a test can set. */
export interface EmulatorClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Stops the clock at `time` (ms since the epoch); `undefined` lets it run again. */
  set(time: number | undefined): void
}

/** A clock that follows `now` until it is set. */
export function createClock(now: () => number): EmulatorClock {
  let stopped: number | undefined
  return {
    now: () => stopped ?? now(),
    set: (time) => {
      stopped = time
    },
  }
}
