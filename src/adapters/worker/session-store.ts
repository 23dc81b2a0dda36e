import { isImsError, UnavailableError } from '../../core/errors.ts'
import type { Store } from '../../core/ports.ts'
import { safeCause } from '../../core/redact.ts'

/** `store`, whose failures are all `STORE_FAILED`, whatever it is made of: they sign nobody out. */
export function sessionStore(store: Store): Store {
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (isImsError(error)) throw error
      const message = 'the store of the sessions does not answer; nobody was signed out, try again later'
      throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
    }
  }
  return {
    get: (key) => asked(() => store.get(key)),
    set: (key, value, expiresAt) => asked(() => store.set(key, value, expiresAt)),
    delete: (key) => asked(() => store.delete(key)),
    keys: (prefix) => asked(() => store.keys(prefix)),
  }
}
