import type { Client, LoginClient } from '../client.ts'
import type { Emit } from '../events.ts'
import type { Untyped } from '../low-level/untyped.ts'
import type { Platform, Redirect } from '../ports.ts'
import type { GetTokenOptions } from '../session/session.ts'
import type { ConnectionOptions } from '../setup.ts'
import type { ContextKind } from './context-kind.ts'
import type { ContextData, ContextStore } from './contexts.ts'

/** Options of one `getToken`. Other keys are merged over the context for this call, as in `@adobe/aio-lib-ims`. */
export interface CompatGetTokenOptions extends GetTokenOptions {
  /**
   * `none`: never ask the user. `login`: sign the user in if no token can be obtained otherwise, also without a terminal
   * and in CI. Default: `login` if `open` or `forceLogin` is given, else the platform's default.
   */
  readonly interaction?: 'none' | 'login' | undefined
  readonly prompt?: string | undefined
  readonly login_hint?: string | undefined
  readonly locale?: string | undefined
  /** In Node: whether to open the system browser for a login. The address is printed in both cases. */
  readonly open?: boolean | undefined
  /** In `cli` contexts: signs the user out at IMS first, so that they sign in again. */
  readonly forceLogin?: boolean | undefined
  /** Seconds that a login may take; default 120. */
  readonly timeout?: number | undefined
  readonly [key: string]: Untyped
}

/** A named context as `context.get` returns it. */
export interface NamedContext {
  /** `undefined` if no context was named and none is current. */
  readonly name: Untyped
  /** Plain data; `undefined` if the context is not configured. */
  readonly data: Untyped
  readonly local: boolean
  // @adobe/aio-lib-ims declares an object without members, whose members its users read untyped
  readonly [member: string]: Untyped
}

/** Named contexts. Results that `@adobe/aio-lib-ims` declares as `any`, or without `undefined`, are `any`. */
export interface ContextApi {
  /** Replaces a context; without a name the current one. `undefined` as data removes it. */
  set(name: string | undefined | null, data: object | undefined | null, local?: boolean): Promise<void>
  /** A context; without a name the current one. Unknown: `data` is `undefined`. */
  get(name?: string | null): Promise<NamedContext>
  setCurrent(name: string): Promise<Untyped>
  /** The name of the current context; `undefined` if it is not set. */
  getCurrent(): Promise<Untyped>
  keys(): Promise<string[]>
  /** In Node: the data of the `cli` context. Elsewhere it rejects with `BAD_OPTION`. */
  getCli(): Promise<Untyped>
  /** In Node: sets the `cli` context, merged with what the same file has, unless `merge` is false. Elsewhere it rejects with `BAD_OPTION`. */
  setCli(data: object, local?: boolean, merge?: boolean): Promise<void>
}

/** The aio-lib-ims API: named contexts and their tokens. */
export interface CompatIms {
  readonly context: ContextApi
  /** The access token of a context; without a name that of the current context. */
  getToken(name?: string, options?: CompatGetTokenOptions): Promise<string>
  /**
   * Invalidates the access token of a context, or with `force` the refresh token and the access token, at IMS, and then
   * removes them from the context. If IMS refuses or does not answer, they are removed as well; then it rejects with that
   * error and emits an `error` event.
   *
   * @throws {TokenError} `INVALID_TOKEN` if there is no valid token to invalidate
   */
  invalidateToken(name?: string, force?: boolean): Promise<Untyped>
  /** The client of a context, as `createClient` creates it; without a name that of the current context. */
  client(name?: string): Promise<Client | LoginClient>
}

export interface CreateImsOptions
  extends Omit<Platform, 'redirect'>,
    Omit<ConnectionOptions, 'clock' | 'fetch' | 'readKey'> {
  /** Where named contexts are stored. Default: in `store`. */
  readonly contexts?: ContextStore
  /** How a user is redirected for a login; it may depend on the context. */
  readonly redirect?: Redirect | ((data: ContextData) => Redirect)
  /**
   * Whether a user is present, so that `getToken` may start a login by itself. If not, it rejects with
   * `LOGIN_NOT_POSSIBLE`. Default: `getToken` never starts a login, and rejects with `LOGIN_REQUIRED`.
   */
  readonly interactive?: () => boolean
  /** Additional kinds of credential, tried before `oauth`. */
  readonly kinds?: readonly ContextKind[]
  /** The origins to which `fetch` of a context's client sends the token. Default: Adobe's. */
  readonly allowedOrigins?: readonly string[]
  /** How long a token must still be valid, in ms; default 600,000. */
  readonly minValidity?: number
  readonly onEvent?: Emit
}
