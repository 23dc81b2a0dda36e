/** The clock of the emulator, which a test can set. */
export interface EmulatorClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Stops the clock at `time` (ms since the epoch); `undefined` lets it run again, without an offset. */
  set(time: number | undefined): void
  /** Moves the clock forward, whether it runs or not. */
  advance(ms: number): void
  /** Milliseconds by which the clock was advanced while it ran, and whether it is stopped. */
  readonly state: { readonly offset: number; readonly stopped: boolean }
}

/** A clock that follows `now` until it is set. */
export function createClock(now: () => number): EmulatorClock {
  let stopped: number | undefined
  let offset = 0
  return {
    now: () => stopped ?? now() + offset,
    set(time) {
      stopped = time
      if (time === undefined) offset = 0
    },
    advance(ms) {
      if (stopped === undefined) offset += ms
      else stopped += ms
    },
    get state() {
      return { offset, stopped: stopped !== undefined }
    },
  }
}
