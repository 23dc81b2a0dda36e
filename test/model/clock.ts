import type { Clock } from '../../src/core/ports.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** When a run begins, in ms since the epoch. */
export const epoch = Date.UTC(2026, 0, 1)

/** The clocks and timers of `process`. */
export function modelClock(scheduler: Scheduler, process: Process): Clock {
  return {
    now: () => epoch + Math.floor(scheduler.now()) + process.wallOffset,
    monotonic: () => scheduler.monotonic(process),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const cancel = scheduler.timer(process, ms, () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        })
        const stop = () => {
          cancel()
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', stop, { once: true })
      }),
    alarm: (ms, ring) => scheduler.timer(process, ms, ring),
  }
}
