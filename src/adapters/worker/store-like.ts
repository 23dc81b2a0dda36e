import type { Store } from '../../core/ports.ts'

/** `methods` as a store over `store`, as consistent as that one is. */
export function storeLike(store: Store | undefined, methods: Omit<Store, 'consistency'>): Store {
  return store?.consistency === undefined ? methods : { ...methods, consistency: store.consistency }
}
