import type { Json, Store } from '../ports.ts'

// read before the rest of a login is loaded: whether a callback answers a login that was started here

export const pendingKey = (state: string) => `imskit/pending/${state}`

/** The one `state` of a callback; `undefined` if it has none or several, as then it answers no login. */
export function stateIn(callback: URL): string | undefined {
  const [state, ...more] = callback.searchParams.getAll('state')
  return state && more.length === 0 ? state : undefined
}

/** What is stored of the login that `url` answers. */
export async function storedLogin(store: Store, url: URL): Promise<Json | undefined> {
  const state = stateIn(url)
  return state && store.get(pendingKey(state))
}
