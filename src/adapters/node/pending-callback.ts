import { LoginRequiredError, UnavailableError } from '../../core/errors.ts'

/** Something that a person's browser will bring back, or not. */
export interface PendingCallback<T> {
  /** Rejects with `TIMEOUT`, with the signal's own reason, or with `LOGIN_REQUIRED` when ended first. */
  readonly arrived: Promise<T>
  arrive(value: T): void
  /** Stops the clock and lets go of the signal. */
  end(): void
}

/** Waits for a callback, at most `timeout` ms and no longer than `signal` allows. */
export function pendingCallback<T>(timeout: number, signal?: AbortSignal): PendingCallback<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const arrived = new Promise<T>((...settlers) => {
    ;[resolve, reject] = settlers
  })
  // who asked hears of it through the same promise; who no longer listens must not crash the process
  arrived.catch(() => {})
  const abort = () => fail(signal?.reason)
  const timer = setTimeout(() => fail(timeoutError(timeout)), timeout)
  signal?.addEventListener('abort', abort, { once: true })
  const release = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  function fail(reason: unknown): void {
    release()
    reject(reason)
  }
  if (signal?.aborted) abort()
  return {
    arrived,
    arrive: (value) => {
      release()
      resolve(value)
    },
    end: () => fail(new LoginRequiredError('LOGIN_REQUIRED', 'The login was ended before the browser came back.')),
  }
}

function timeoutError(timeout: number): UnavailableError {
  return new UnavailableError(
    'TIMEOUT',
    `The browser did not come back within ${timeout / 1000} s. Start the login again, or allow it more time with ` +
      "the option 'timeout' (ms).",
  )
}
