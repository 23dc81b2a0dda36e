import type { Clock } from '../core/ports.ts'

/** A clock that stands still until it is set or advanced. */
export interface FakeClock extends Clock {
  /** Advances the time by `ms`, waking sleepers in the order of their alarms. */
  advance(ms: number): Promise<void>
  /** Sets the clock to `time` (ms since the epoch), like a correction of the time of day: no sleeper wakes. */
  set(time: number): void
  /** The number of sleepers. */
  readonly sleeping: number
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** @param start ms since the epoch; default: 2026-01-01 */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  let elapsed = 0
  const moveTo = (time: number) => {
    elapsed += time - now
    now = time
  }
  const sleepers = new Set<Sleeper>()
  return {
    now: () => now,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const stop = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const wake = () => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', stop)
          resolve()
        }
        const sleeper = { at: now + ms, wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', stop, { once: true })
      }),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        moveTo(Math.max(now, next.at))
        next.wake()
        await settle()
      }
      moveTo(end)
      await settle()
    },
    set(time) {
      now = time
    },
    get sleeping() {
      return sleepers.size
    },
  }
}

/** Lets promises that are ready run on, however deep they are chained. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
