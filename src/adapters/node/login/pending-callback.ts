import { LoginRequiredError, UnavailableError } from '../../../core/errors.ts'
import { type Refused, refusalIn } from '../../../core/ims/refused.ts'

/** A callback that the user's browser may bring. */
export interface PendingCallback<T> {
  /** Rejects with `TIMEOUT`, with the signal's own reason, or with `LOGIN_REQUIRED` if `cancel` is called first. */
  readonly arrived: Promise<T>
  arrive(value: T): void
  /**
   * Records an address that does not answer this login but carries an error without a state. The login continues, as
   * anyone could have sent that address; its error becomes part of the message of `TIMEOUT`.
   *
   * @returns the error as text, if there is one
   */
  noteUnmatched(url: URL): string | undefined
  /** Rejects `arrived`, unless it has settled, and stops the timer. */
  cancel(): void
}

/** Waits for a callback, at most `timeout` ms and no longer than `signal` allows. */
export function pendingCallback<T>(timeout: number, signal?: AbortSignal): PendingCallback<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const arrived = new Promise<T>((...settlers) => {
    ;[resolve, reject] = settlers
  })
  // the caller handles `arrived`; if the caller stopped listening, a rejection must not crash the process
  arrived.catch(() => {})
  const abort = () => fail(signal?.reason)
  let unmatched: Refused = {}
  const timer = setTimeout(() => fail(timeoutError(timeout, unmatched)), timeout)
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
    noteUnmatched(url) {
      const refused = url.searchParams.has('state') ? {} : refusalIn(url)
      if (refused.imsError !== undefined) unmatched = refused
      return textOf(refused)
    },
    cancel: () => fail(new LoginRequiredError('LOGIN_REQUIRED', 'The login was canceled before the browser returned.')),
  }
}

function textOf({ imsError, imsErrorDescription }: Refused): string | undefined {
  return imsErrorDescription === undefined ? imsError : `${imsError}: ${imsErrorDescription}`
}

function timeoutError(timeout: number, unmatched: Refused): UnavailableError {
  const remedy = "Start the login again, or allow more time with the option 'timeout' (ms)."
  const problem = `The browser did not return within ${timeout / 1000} s`
  const text = textOf(unmatched)
  if (text === undefined) return new UnavailableError('TIMEOUT', `${problem}. ${remedy}`)
  const message = `${problem} with an answer to this login. An error without a state arrived: ${text}. Check the client id, the scopes and the redirect URI of the credential. ${remedy}`
  // without `jump`: anyone could have written that address, so no app may open it
  const { details: _, ...fields } = unmatched
  return new UnavailableError('TIMEOUT', message, { details: fields })
}
