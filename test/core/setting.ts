import {
  authorizationCode,
  type ClientOptions,
  clientCredentials,
  type Fetch,
  type Hold,
  type ImsEvent,
  type Json,
  type Lock,
  type LoginFlow,
  memoryStore,
  preload,
  processLock,
  type Redirect,
  type SilentFlow,
  type Store,
} from '../../src/core/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import type { FakeClock } from '../../src/testing/index.ts'

export const hour = 3_600_000
export const day = 24 * hour
export const redirectUri = 'http://127.0.0.1:5555/callback'
export const loginScopes = ['openid', 'AdobeID', 'offline_access']

/** The token of a server. */
export function serverFlow({ contexts }: Pick<Emulator, 'contexts'>, more: { orgId?: string } = {}): SilentFlow {
  const { client_id, client_secrets, scopes, ims_org_id } = contexts.oauth_server_to_server
  return clientCredentials({ clientId: client_id, clientSecret: client_secrets, scopes, orgId: ims_org_id, ...more })
}

/** The login of a public client. */
export function publicFlow(
  { contexts }: Pick<Emulator, 'contexts'>,
  more: { scopes?: string[]; verifyIdTokenSignature?: boolean; clientId?: string } = {},
): LoginFlow {
  return authorizationCode({ clientId: contexts.oauth_public.client_id, scopes: loginScopes, redirectUri, ...more })
}

/** A store that counts and can fail or wait. */
export interface WatchedStore extends Store {
  readonly counts: { get: number; set: number; delete: number; keys: number }
  /** Runs before an operation: may throw, wait or change something. */
  before: (operation: keyof Store, key: string) => unknown
}

export function watched(store: Store): WatchedStore {
  const counts = { get: 0, set: 0, delete: 0, keys: 0 }
  const watching: WatchedStore = {
    counts,
    before: () => undefined,
    async get(key) {
      counts.get++
      await watching.before('get', key)
      return store.get(key)
    },
    async set(key, value, expiresAt) {
      counts.set++
      await watching.before('set', key)
      return store.set(key, value, expiresAt)
    },
    async delete(key) {
      counts.delete++
      await watching.before('delete', key)
      return store.delete(key)
    },
    async keys(prefix) {
      counts.keys++
      await watching.before('keys', prefix)
      return store.keys(prefix)
    },
  }
  return watching
}

/** What a lock that excludes nothing tells its task. */
export const freeHold: Hold = { stillHeld: async () => true }

/** A lock that counts. */
export function counted(lock: Lock): Lock & { taken: number } {
  const counting: Lock & { taken: number } = Object.assign(
    ((name, task, signal) => {
      counting.taken++
      return lock(name, task, signal)
    }) as Lock,
    { taken: 0 },
  )
  return counting
}

/** A fetch that counts, keeps what was sent and can fail or wait. */
export interface WatchedFetch extends Fetch {
  readonly sent: { url: string; init: RequestInit }[]
  before: (url: string, init: RequestInit) => unknown
}

export function watchedFetch(fetch: Fetch): WatchedFetch {
  const sent: WatchedFetch['sent'] = []
  const watching: WatchedFetch = Object.assign(
    (async (url, init) => {
      sent.push({ url, init })
      await watching.before(url, init)
      return fetch(url, init)
    }) as Fetch,
    { sent, before: (): unknown => undefined },
  )
  return watching
}

/** A whole platform on `emulator`, everything watched. */
export function platformOn(emulator: Emulator, clock: FakeClock) {
  const events: ImsEvent[] = []
  return {
    store: watched(memoryStore({ clock })),
    lock: counted(processLock()),
    fetch: watchedFetch(emulator.fetch),
    clock,
    endpoint: emulator.url,
    retry: { retries: 0 },
    onEvent: (event: ImsEvent) => void events.push(event),
    events,
  } satisfies Omit<ClientOptions, 'flow'> & { events: ImsEvent[] }
}

export type WatchedPlatform = ReturnType<typeof platformOn>

/** Everything in a store, but for the notes about renewals, which say nothing once the tokens are others. */
export async function everythingIn(store: Store): Promise<Record<string, Json | undefined>> {
  const keys = (await store.keys('')).filter((key) => !key.startsWith('imskit/renewals/'))
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await store.get(key)] as const)))
}

/** The one token entry of a store. */
export async function storedTokens(store: Store): Promise<Record<string, Json> | undefined> {
  const [key, ...more] = await store.keys('imskit/tokens/')
  if (more.length > 0) throw new Error('more than one token entry')
  return key === undefined ? undefined : ((await store.get(key)) as Record<string, Json> | undefined)
}

/** Follows an authorization URL at an emulator with `autoLogin`, up to the callback. */
export async function follow(emulator: Emulator, url: URL): Promise<URL> {
  const response = await emulator.fetch(url)
  const location = response.headers.get('location')
  if (location === null) throw new Error(`no redirect but ${response.status}: ${await response.text()}`)
  return new URL(location)
}

/** A redirect that signs in at once. */
export function autoRedirect(emulator: Emulator): Redirect & { begun: number; ended: number } {
  const redirect = {
    begun: 0,
    ended: 0,
    async prepare() {
      redirect.begun++
      return {
        redirectUri,
        navigate: (url: URL) => follow(emulator, url),
        close: () => void redirect.ended++,
      }
    },
  }
  return redirect
}

/** What `work` rejected with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  const unexpected = Symbol('resolved')
  const result = await work.then(
    () => unexpected,
    (error: unknown) => error,
  )
  if (result === unexpected) throw new Error('it resolved, and should have rejected')
  return result
}

/** A promise and its end, apart. */
export function gate(): { open: () => void; opened: Promise<void> } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

const nothing = new Uint8Array()

/**
 * Lets everything run that can. Parts that are loaded at their first use are loaded before, and what is computed off the
 * main thread is computed: it takes its turn there, after what was asked earlier.
 */
export async function settled(): Promise<void> {
  await preload()
  for (let turn = 0; turn < 10; turn++) {
    await crypto.subtle.digest('SHA-256', nothing)
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
  }
}
