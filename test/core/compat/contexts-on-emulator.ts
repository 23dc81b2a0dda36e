import { beforeAll, beforeEach } from 'vitest'
import {
  type ContextStore,
  type CreateImsOptions,
  createIms,
  type Json,
  memoryPlatform,
  memoryStore,
  type Redirect,
  type StoredToken,
  storedContexts,
} from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'

export const day = 86_400_000
export let emulator: Emulator
let from = 0
beforeAll(async () => {
  emulator = await createEmulator({ autoLogin: 'user@example.com' })
})
beforeEach(() => {
  from = emulator.requests.length
})

/** The requests of the current test. */
export const requests = () => emulator.requests.slice(from)
export const tokenRequests = () =>
  requests().filter(({ path }) => path.startsWith('/ims/token') || path.includes('exchange'))
/** Named contexts in memory that talk to the emulator. */
export const imsOver = (options: Partial<CreateImsOptions> = {}) =>
  createIms({ ...memoryPlatform(), fetch: emulator.fetch, retry: { retries: 0 }, ...options })
/** A context of a server-to-server credential. */
export const machine = () => structuredClone(emulator.contexts.oauth_server_to_server)
export const stored = (data: unknown, label: 'access_token' | 'refresh_token') =>
  (data as Record<string, StoredToken | undefined> | undefined)?.[label]

/** A user who signs in at once; `visits` are the authorization URLs. */
export function person(): { redirect: Redirect; visits: URL[] } {
  const visits: URL[] = []
  const redirect: Redirect = {
    prepare: async () => ({
      redirectUri: 'http://127.0.0.1:5555/callback',
      async navigate(url) {
        visits.push(url)
        const answer = await emulator.fetch(url)
        return new URL(answer.headers.get('location') ?? '')
      },
      close() {},
    }),
  }
  return { redirect, visits }
}

/** A store with the context `x`. */
export function storedContextsWith(data: object): ContextStore {
  const store = memoryStore()
  void store.set('ims.contexts.x', structuredClone(data) as Json)
  return storedContexts(store)
}

/** Only later requests are in `requests()`. */
export function forgetRequests(): void {
  from = emulator.requests.length
}
