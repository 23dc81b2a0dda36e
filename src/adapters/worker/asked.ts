import { ConfigurationError, isImsError, UnavailableError } from '../../core/errors.ts'
import { safeCause } from '../../core/redact.ts'

/**
 * What a medium answers.
 *
 * @throws {UnavailableError} `STORE_FAILED` where it does not
 */
export function asked<T>(medium: string, what: string, ask: () => Promise<T>): Promise<T> {
  return orStoreFailed(`${medium} failed to ${what}; try again later`, ask)
}

/**
 * What `ask` comes to; an error that is not ours as one of ours.
 *
 * @throws {UnavailableError} `STORE_FAILED` with `message`
 */
export async function orStoreFailed<T>(message: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (isImsError(error)) throw error
    throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` for what is not a request; one of another realm is */
export function requireRequest(who: string, request: unknown): void {
  const { url, headers } = (request ?? {}) as Partial<Request>
  if (typeof url === 'string' && URL.canParse(url) && typeof headers?.get === 'function') return
  throw new ConfigurationError('BAD_OPTION', `${who} takes the Request that the runtime received`)
}

/** @throws {ConfigurationError} `BAD_OPTION` for what is no binding: most often its name in the configuration is another */
export function requireBinding(who: string, what: string, binding: unknown, method: string): void {
  const found = typeof binding === 'object' && binding !== null ? Reflect.get(binding, method) : undefined
  if (typeof found === 'function') return
  const remedy = 'check that the binding in the configuration of the worker has the name that the code takes from env'
  throw new ConfigurationError('BAD_OPTION', `${who} needs ${what}; ${remedy}`)
}
