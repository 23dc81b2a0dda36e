import type { Emit, Report } from './events.ts'

/** Anything that JSON can represent: what a {@link Store} stores. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Stores small JSON values under string keys. Four methods, so that every runtime can implement it.
 *
 * `set` may drop the value once `expiresAt` (ms since the epoch) has passed. `get` resolves to `undefined` only if the
 * medium answered that nothing is there, or if the entry has expired or can never be read (wrong key, damaged). In
 * every other case it rejects with code `STORE_FAILED`: an unknown entry is not an empty one.
 */
export interface Store {
  /** `eventual` if a read may return an older write, as in Workers KV. Refresh tokens do not belong in such a store. */
  readonly consistency?: 'eventual'

  get(key: string): Promise<Json | undefined>
  set(key: string, value: Json, expiresAt?: number): Promise<void>
  delete(key: string): Promise<void>
  keys(prefix: string): Promise<string[]>
}

/** One holding of a {@link Lock}, for as long as its task runs. */
export interface Hold {
  /** Whether this holding still has the lock. Asks the lock itself, never only a clock; rejects if it cannot tell. */
  stillHeld(): Promise<boolean>
  /** A name for this holding that no other holding of the lock shares, in any process. */
  readonly id?: string
  /** Whether the holding called `id` is known to have ended: its task settled, or its process or tab has exited. */
  hasEnded?(id: string): Promise<boolean>
}

/**
 * Runs `task` while no other caller within the lock's reach (process, machine, browser profile) holds `name`, and
 * releases it however `task` ends. Waiting ends with `signal`, whose reason is then thrown untouched.
 *
 * A task runs for at most 40 s, so a lock never takes `name` from a holder that still sends heartbeats.
 */
export interface Lock {
  <T>(name: string, task: (hold: Hold) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** ms without a heartbeat after which a holder loses the lock. Default: never. */
  readonly lease?: number
  /** The platform has no lock of its own: a flow with refresh tokens refuses it. */
  readonly absent?: true
}

/** How the user is sent to the sign-in page: in this page, in a popup, or in a hidden frame (`prompt=none`). */
export type LoginMode = 'redirect' | 'popup' | 'silent'

/** What a login requests of a {@link Redirect}, which may ignore `mode` and `redirectUri` if it supports one mode only. */
export interface RedirectOptions {
  /** Aborts the trip: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  readonly mode?: LoginMode | undefined
  /** The flow's redirect URI. */
  readonly redirectUri?: string | undefined
}

/** Sends a user to a page and reports the URL that they are redirected back to. */
export interface Redirect {
  /** Prepares a place to come back to: binds a port, opens a window. */
  prepare(options?: RedirectOptions): Promise<Trip>
}

/** The page that IMS may have redirected the user back to. */
export interface Arrival {
  /** Its address, if that answers a login. */
  url(): URL | undefined
  /** The current address. */
  here(): string
  /** Removes `answer` from the address bar and the history state, now and when a router writes it back. */
  clear(answer: URL): void
  /** Hands the answer to another page that waits for it; resolves to whether one did. */
  handOver(url: URL): Promise<boolean>
  /** Called after a login succeeded on this page. */
  completed(): void
  /** Whether the app may go to `returnTo` after a login: it is an address of this app. */
  accepts(returnTo: string): boolean
}

/** What other clients of the same store should know: the tokens under `key` were renewed or removed. */
export interface Change {
  readonly kind: 'token' | 'login' | 'logout'
  /** Absent if it is unknown which: changes may have been missed. */
  readonly key?: string | undefined
}

/** Notifies other clients of the same store about changes, and listens for theirs. No token is sent. */
export interface Changes {
  notify(change: Change): void
  /** @returns a function that unsubscribes `listener` */
  subscribe(listener: (change: Change) => void): () => void
}

/** One trip of one user to the sign-in page. */
export interface Trip {
  /** The address that the authorization server redirects the user to; exactly this goes into the request. */
  readonly redirectUri: string
  /** Sends the user to `authorizationUrl`; resolves to the URL that they are redirected back to. A full-page redirect never resolves. */
  navigate(authorizationUrl: URL): Promise<URL>
  /** Frees what `prepare` took. Always runs, also after a failure. */
  close(): void | Promise<void>
}

/** The time, as a port so that tests can set it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds since an arbitrary start, unaffected when the time of day is corrected. Default: `now`. */
  monotonic?(): number
  /** Resolves after `ms` milliseconds, or rejects with `signal.reason`. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `fire` after `ms`; the function returned cancels that. Default: made of `sleep`. */
  alarm?(ms: number, fire: () => void): () => void
}

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What a platform's configuration says about IMS. */
export interface ConnectionDefaults {
  readonly env?: string | undefined
  readonly endpoint?: string | undefined
  /** Set if `endpoint` may not receive the user's own secrets: the error of a call that would send one. */
  readonly untrusted?: Error | undefined
}

/** What a runtime provides to the core. A value to spread: `createClient({ flow, ...nodePlatform() })`. */
export interface Platform {
  /** Stores the tokens. */
  readonly store: Store
  /** Excludes concurrent renewals of one token. */
  readonly lock: Lock
  /** Sends the user to IMS; without it only `startLogin` and `finishLogin` work. */
  readonly redirect?: Redirect
  /** Stores pending logins, verifier included. Default: `store`. */
  readonly pending?: Store
  /** The page that a login by redirect returns to. */
  readonly arrival?: Arrival
  /** Notifies other tabs or processes. */
  readonly changes?: Changes
  readonly clock?: Clock
  readonly fetch?: Fetch
  /**
   * Reads what only this runtime can: a path to a key file, a legacy key format.
   * Resolves to PEM text (PKCS#8 or PKCS#1), or `undefined` if `source` is neither.
   */
  readonly readKey?: (source: string, passphrase?: string) => Promise<string | undefined>
  /** Whether one promise may serve several callers. `false` in a worker, as there a promise ends with its request. Default: `true`. */
  readonly sharing?: boolean
  /** `false` if credentials with a secret are refused because every visitor could read them, as in a browser. Default: `true`. */
  readonly allowsSecrets?: boolean | undefined
  /** What a client connects to by default; read at its first call. An `endpoint` takes precedence over any `env`. */
  readonly defaults?: () => Promise<ConnectionDefaults>
  /** Receives every event, in addition to the client's own `onEvent`. */
  readonly observe?: Emit | undefined
  /** Receives the client's `emit`, for events of the platform itself. */
  readonly report?: ((emit: Report) => void) | undefined
  /** Keeps the runtime alive until `work` settles (a worker's `waitUntil`). */
  readonly waitUntil?: (work: Promise<unknown>) => void
}
