import type { Store } from '../../../core/ports.ts'
import { orStoreFailed } from '../store-failed.ts'
import { storeLike } from '../store-like.ts'

const message = 'The store of the sessions does not answer, so no user was signed out; try again later'

/** `store`, but every failure is `STORE_FAILED`, which never signs a user out. */
export function withStoreFailed(store: Store): Store {
  const attempt = <T>(work: () => Promise<T>) => orStoreFailed(message, work)
  return storeLike(store, {
    get: (key) => attempt(() => store.get(key)),
    set: (key, value, expiresAt) => attempt(() => store.set(key, value, expiresAt)),
    delete: (key) => attempt(() => store.delete(key)),
    keys: (prefix) => attempt(() => store.keys(prefix)),
  })
}
