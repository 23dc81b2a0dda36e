import { isImsError, UnavailableError } from '../../core/errors.ts'
import { safeCause } from '../../core/redact.ts'

/**
 * Runs `work`, and turns any error that is not an `ImsError` into one.
 *
 * @throws {UnavailableError} `STORE_FAILED` with `message`
 */
export async function orStoreFailed<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isImsError(error)) throw error
    throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
  }
}
