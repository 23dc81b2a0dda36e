import { LoginRequiredError, UnavailableError } from '../../../core/errors.ts'
import { type Refused, refusalIn } from '../../../core/ims/refused.ts'

/** Something that a person's browser will bring back, or not. */
export interface PendingCallback<T> {
  /** Rejects with `TIMEOUT`, with the signal's own reason, or with `LOGIN_REQUIRED` when ended first. */
  readonly arrived: Promise<T>
  arrive(value: T): void
  /**
   * Takes note of an address that does not answer this login but carries an error without a state: it ends nothing, as
   * anyone could have sent it, and becomes part of `TIMEOUT`.
   *
   * @returns the error in words, if there is one
   */
  stray(url: URL): string | undefined
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
  let heard: Refused = {}
  const timer = setTimeout(() => fail(timeoutError(timeout, heard)), timeout)
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
    stray(url) {
      const refused = url.searchParams.has('state') ? {} : refusalIn(url)
      if (refused.imsError !== undefined) heard = refused
      return wordsFor(refused)
    },
    end: () => fail(new LoginRequiredError('LOGIN_REQUIRED', 'The login was ended before the browser came back.')),
  }
}

function wordsFor({ imsError, imsErrorDescription }: Refused): string | undefined {
  return imsErrorDescription === undefined ? imsError : `${imsError}: ${imsErrorDescription}`
}

function timeoutError(timeout: number, heard: Refused): UnavailableError {
  const remedy = "Start the login again, or allow it more time with the option 'timeout' (ms)."
  const late = `The browser did not come back within ${timeout / 1000} s`
  const words = wordsFor(heard)
  if (words === undefined) return new UnavailableError('TIMEOUT', `${late}. ${remedy}`)
  const message = `${late} with an answer that can be trusted. It brought an error without a state: ${words}. Check client id, scopes and redirect URI of the credential. ${remedy}`
  // without `jump`: anyone can have written that address, so no app may open it
  const { details: _, ...said } = heard
  return new UnavailableError('TIMEOUT', message, { details: said })
}
