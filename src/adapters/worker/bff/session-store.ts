import type { Store } from '../../../core/ports.ts'
import { orStoreFailed } from '../store-failed.ts'
import { storeLike } from '../store-like.ts'

const message = 'the store of the sessions does not answer; nobody was signed out, try again later'

/** `store`, whose failures are all `STORE_FAILED`, whatever it is made of: they sign nobody out. */
export function sessionStore(store: Store): Store {
  const asked = <T>(work: () => Promise<T>) => orStoreFailed(message, work)
  return storeLike(store, {
    get: (key) => asked(() => store.get(key)),
    set: (key, value, expiresAt) => asked(() => store.set(key, value, expiresAt)),
    delete: (key) => asked(() => store.delete(key)),
    keys: (prefix) => asked(() => store.keys(prefix)),
  })
}
