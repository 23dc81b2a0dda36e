import type { LoginClient, RedirectResult } from '../core/client.ts'
import { ConfigurationError } from '../core/errors.ts'
import type { LoginOptions } from '../core/login/login-options.ts'
import type { SessionState } from '../core/login/view-state.ts'
import { badOption, checkCall } from '../core/options.ts'
import type { TokenSet } from '../core/token-set.ts'

/** Whether a user is signed in, as components show it. */
export type UserState =
  /** `unknown`: the store was not read yet, or this is a server. */
  | { readonly status: 'unknown' | 'signedOut'; readonly claims: undefined; readonly expiresAt: undefined }
  | {
      readonly status: 'signedIn'
      /** Validated claims of the id token of the login. */
      readonly claims: TokenSet['claims']
      /** When the access token expires, in ms since the epoch. It may be renewable after that. */
      readonly expiresAt: number
    }

/** What an event handler gets, so that `login` and `logout` can be one. */
export interface UserEvent {
  preventDefault(): void
}

/** What components do with the session of the user. */
export interface UserActions {
  readonly client: LoginClient
  /**
   * Starts a login; `returnTo` is by default the address that the page has now. Its failure is the `error` of the session.
   *
   * @example
   * <button onClick={login}>Sign in</button>
   *
   * @throws {ConfigurationError} such as `BAD_OPTION`, on a server too
   */
  login(options?: LoginOptions | UserEvent): Promise<void>
  /**
   * Signs the user out here, in other tabs and, by a redirect, at IMS. Its failure is the `error` of the session.
   *
   * @example
   * logout({ postLogoutRedirectUri: `${location.origin}/` })
   *
   * @throws {ConfigurationError} such as `BAD_OPTION`, on a server too
   */
  logout(options?: { postLogoutRedirectUri?: string; signal?: AbortSignal } | UserEvent): Promise<void>
  /** The access token; rejects as `getToken` of the client does. */
  readonly getToken: LoginClient['getToken']
  /** `fetch` with the token; rejects as `fetch` of the client does. */
  readonly fetch: LoginClient['fetch']
}

/** The session of the user, and what components do with it. */
export type UserSession = UserState &
  UserActions & {
    /** Why the last login or logout failed: `explainError(error)` is a sentence for the user. `undefined` if it did not. */
    readonly error: unknown
  }

/** Called after a login by redirect; the place for `router.navigate(result.returnTo)`. */
export type OnRedirect = (result: RedirectResult) => unknown

/** The session of a client, as bindings show it. */
export interface AppSession {
  readonly actions: UserActions
  /** What a server shows, and a browser until it knows more. */
  readonly initial: UserSession
  /** The same object until something changes. */
  get(): UserSession
  /** Calls `listener`, which is subscribed once, after each change. @returns a function that unsubscribes it */
  subscribe(listener: () => void): () => void
  /** Handles the callback in the address of the page, the first time that it is called. */
  start(onRedirect?: OnRedirect): Promise<void>
}

/** Every state has the same members. */
const blank = { claims: undefined, expiresAt: undefined }
const unknown = { status: 'unknown' } as const
const sessions = /* @__PURE__ */ new WeakMap<LoginClient, AppSession>()

/** @throws {ConfigurationError} `BAD_OPTION` unless `client` is a client whose flow needs a user */
export function appSession(binding: string, client: LoginClient): AppSession {
  if (!client?.handleRedirect)
    throw badOption(`${binding} needs a client with a login: createClient({ flow: authorizationCode({ ... }) })`)
  const session = sessions.get(client) ?? createAppSession(client)
  sessions.set(client, session)
  return session
}

/** An app has one client: another one would not know the logins that it started. */
export function checkSameClient(binding: string, one: LoginClient | undefined, other: LoginClient): void {
  if (one && one !== other)
    throw badOption(`${binding} has another client already. Create one, in a module and not in a component`)
}

const isServer = () => typeof document === 'undefined'

function createAppSession(client: LoginClient): AppSession {
  const listeners = new Set<() => void>()
  let error: unknown
  let handled: Promise<void> | undefined
  let shown: SessionState = unknown
  const set = (next: unknown) => {
    error = next
    for (const notify of listeners) notify()
  }
  const actions = actionsOf(client, set)
  const initial: UserSession = { ...blank, ...unknown, error, ...actions }
  let current: UserSession = initial
  let isHandled = false
  return {
    actions,
    initial,
    get() {
      if (isServer()) return initial
      const session = client.session.get()
      // a page that handles a callback does not know yet that no user is signed in
      const next = isHandled || session.status === 'signedIn' ? session : unknown
      if (next !== shown && next.status === 'signedIn') error = undefined
      if (next !== shown || error !== current.error) current = { ...blank, ...next, error, ...actions }
      shown = next
      return current
    },
    subscribe(notify) {
      if (isServer()) return () => {}
      const unsubscribe = client.session.subscribe(notify)
      listeners.add(notify)
      return () => {
        unsubscribe()
        listeners.delete(notify)
      }
    },
    async start(onRedirect = returnTo) {
      if (isServer()) return
      handled ??= handleRedirect(client, onRedirect).then((failure) => {
        isHandled = true
        set(failure ?? error)
      })
      await handled
    },
  }
}

/** Resolves to what failed. */
async function handleRedirect(client: LoginClient, onRedirect: OnRedirect): Promise<unknown> {
  try {
    const result = await client.handleRedirect()
    if (result) await onRedirect(result)
    return result?.status === 'denied' ? result.error : undefined
  } catch (error) {
    return error
  }
}

function actionsOf(client: LoginClient, set: (error: unknown) => void): UserActions {
  /** Runs `task` at once, as a popup must open in the handler of the click. */
  async function attempt<Options extends object>(
    name: string,
    given: Options | UserEvent | undefined,
    task: (options?: Options) => Promise<unknown>,
  ): Promise<void> {
    requireBrowser(name)
    set(undefined)
    try {
      const options = isEvent(given) ? undefined : given
      checkCall(name, options)
      await task(options)
    } catch (error) {
      set(error)
      // for the console of the developer
      if (error instanceof ConfigurationError) throw error
    }
  }
  return {
    client,
    login: (given) => attempt('login', given, (options) => client.login({ ...here(), ...options })),
    logout: (given) => attempt('logout', given, async (options) => location.assign(await client.logout(options))),
    async getToken(options) {
      requireBrowser('getToken')
      return client.getToken(options)
    },
    async fetch(input, init) {
      requireBrowser('fetch')
      return client.fetch(input, init)
    },
  }
}

const isEvent = (given: object | undefined): given is UserEvent =>
  typeof (given as UserEvent | null | undefined)?.preventDefault === 'function'

/** Where a login gets back to, unless the address of the page is too long for that. */
const here = () => {
  const path = location.href.slice(location.origin.length)
  return path.length > 2_000 ? {} : { returnTo: path }
}

function requireBrowser(name: string): void {
  if (isServer()) throw badOption(`${name}() works only in a browser. Call it in an effect or a handler`)
}

function returnTo({ returnTo }: RedirectResult): void {
  if (returnTo && new URL(returnTo, location.href).href !== location.href) location.replace(returnTo)
}
