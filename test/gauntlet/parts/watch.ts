import type { Fetch, Json, Lock, Platform, Store } from '../../../src/core/ports.ts'
import type { Report, TokenPair } from '../judge/reports.ts'

// used in every runtime: nothing of Node or the DOM here but `fetch` and timers

/** Who a client is, and how it reports. */
export interface Watch {
  readonly actor: string
  readonly server: string
  readonly report: (report: Report) => unknown
  /** When a note of a renewal was last written. */
  noteAt?: number
  /** Whether what is read outside the lock may be older than the store, as from the memory of an isolate. */
  readonly staleOutside?: boolean
  /** Whether a task runs under the lock. */
  inside?: boolean
  /** Runs before a refresh token is sent. */
  readonly beforeSending?: () => Promise<void> | void
}

/** The platform, with a report of what is read from and written to its store and with requests that name the client. */
export function watched(platform: Platform, watch: Watch): Platform {
  const { store, lock, fetch } = platform
  return {
    ...platform,
    store: watchedStore(store, watch),
    lock: watchedLock(lock, watch),
    fetch: markedFetch(fetch, watch),
  }
}

function watchedLock(lock: Lock, watch: Watch): Lock {
  const enter: Lock = (name, task, signal) =>
    lock(
      name,
      async (hold) => {
        watch.inside = true
        return task(hold).finally(() => {
          watch.inside = false
        })
      },
      signal,
    )
  return Object.assign(enter, lock)
}

const isTokens = (key: string) => key.startsWith('imskit/tokens/')

function pairOf(value: Json | undefined): TokenPair | undefined {
  const { accessToken, refreshToken } = (value ?? {}) as unknown as Partial<TokenPair>
  return accessToken === undefined ? undefined : { accessToken, refreshToken }
}

function watchedStore(store: Store, watch: Watch): Store {
  const { server, report } = watch
  let last: string | undefined = 'nothing read yet'
  return Object.assign(Object.create(store) as Store, {
    async get(key: string) {
      const began = Date.now()
      const value = await store.get(key)
      const tokens = isTokens(key) ? pairOf(value) : undefined
      if (watch.staleOutside && !watch.inside) return value
      // what has not changed has been judged
      if (isTokens(key) && tokens?.accessToken !== last) {
        last = tokens?.accessToken
        await report({ kind: 'read', server, began, ...(tokens && { tokens }) })
      }
      return value
    },
    async set(key: string, value: Json, expiresAt?: number) {
      await store.set(key, value, expiresAt)
      if (key.startsWith('imskit/renewals/')) watch.noteAt = Date.now()
      const tokens = isTokens(key) ? pairOf(value) : undefined
      if (tokens !== undefined) await report({ kind: 'stored', server, at: Date.now(), ...tokens })
    },
    delete: (key: string) => store.delete(key),
    keys: (prefix: string) => store.keys(prefix),
  })
}

function markedFetch(send: Fetch | undefined, watch: Watch): Fetch {
  return async (url, init) => {
    const sentAt = Date.now()
    if (String(init.body).includes('grant_type=refresh_token')) await watch.beforeSending?.()
    const headers = new Headers(init.headers)
    headers.set('x-actor', watch.actor)
    headers.set('x-sent', `${sentAt}`)
    headers.set('x-note', `${watch.noteAt ?? 0}`)
    return (send ?? globalThis.fetch)(url, { ...init, headers })
  }
}
