import type { Store } from '../../core/ports.ts'

/** `methods` as a store with the consistency of `store`. */
export function storeLike(store: Store | undefined, methods: Omit<Store, 'consistency'>): Store {
  return store?.consistency === undefined ? methods : { ...methods, consistency: store.consistency }
}
