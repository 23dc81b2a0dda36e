import type { Client, LoginClient } from '../client.ts'
import type { Emit } from '../events.ts'
import type { Untyped } from '../low-level/untyped.ts'
import type { Platform, Redirect } from '../ports.ts'
import type { GetTokenOptions } from '../session/session.ts'
import type { ConnectionOptions } from '../setup.ts'
import type { ContextKind } from './context-kind.ts'
import type { ContextData, ContextStore } from './contexts.ts'

/** Options of one familiar `getToken`. Other keys are merged over the context for this call, as in the old library. */
export interface CompatGetTokenOptions extends GetTokenOptions {
  /**
   * `none`: never ask the user. `login`: sign the user in if no token can be obtained otherwise, also without a terminal
   * and in CI. Default: `login` if `open` or `forceLogin` is given, else the platform's habit.
   */
  readonly interaction?: 'none' | 'login' | undefined
  readonly prompt?: string | undefined
  readonly login_hint?: string | undefined
  readonly locale?: string | undefined
  /** In Node: whether to open the system browser for a login. The address is printed in any case. */
  readonly open?: boolean | undefined
  /** In `cli` contexts: ends the user's session at IMS first, so that they sign in again. */
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
  // @adobe/aio-lib-ims declares an object without members, which its users take for whatever they know it to be
  readonly [member: string]: Untyped
}

/** Named contexts. What `@adobe/aio-lib-ims` declares in a way that leaves out `undefined`, or as `any`, is `any`. */
export interface ContextApi {
  /** Replaces a context; without a name the current one. `undefined` as data removes it. */
  set(name: string | undefined | null, data: object | undefined | null, local?: boolean): Promise<void>
  /** A context; without a name the current one. Unknown: `data` is `undefined`. */
  get(name?: string | null): Promise<NamedContext>
  setCurrent(name: string): Promise<Untyped>
  /** The name of the current context; `undefined` if there is none. */
  getCurrent(): Promise<Untyped>
  keys(): Promise<string[]>
  /** In Node: the data of the `cli` context. Elsewhere it rejects with `BAD_OPTION`. */
  getCli(): Promise<Untyped>
  /** In Node: sets the `cli` context, merged with what the same file has, unless `merge` is false. Elsewhere it rejects with `BAD_OPTION`. */
  setCli(data: object, local?: boolean, merge?: boolean): Promise<void>
}

/** The familiar surface: named contexts and their tokens. */
export interface CompatIms {
  readonly context: ContextApi
  /** The access token of a context; without a name of the current one. */
  getToken(name?: string, options?: CompatGetTokenOptions): Promise<string>
  /**
   * Ends the access token of a context, or with `force` the refresh token and the access token, at IMS and then here. If
   * IMS refuses or does not answer, it rejects with that error after the tokens were removed here, with an `error` event
   * as well.
   *
   * @throws {TokenError} `INVALID_TOKEN` where there is nothing to invalidate
   */
  invalidateToken(name?: string, force?: boolean): Promise<Untyped>
  /** The client of a context, as `createClient` would make it; without a name that of the current one. */
  client(name?: string): Promise<Client | LoginClient>
}

export interface CreateImsOptions
  extends Omit<Platform, 'redirect'>,
    Omit<ConnectionOptions, 'clock' | 'fetch' | 'readKey'> {
  /** Where named contexts live. Default: in `store`. */
  readonly contexts?: ContextStore
  /** Where a person is sent, perhaps depending on the context. */
  readonly redirect?: Redirect | ((data: ContextData) => Redirect)
  /**
   * Whether a user is there, so that `getToken` may sign them in without being told. If not, it rejects with
   * `LOGIN_NOT_POSSIBLE`. Default: never, and it rejects with `LOGIN_REQUIRED`.
   */
  readonly interactive?: () => boolean
  /** Further kinds of credential, tried before `oauth`. */
  readonly kinds?: readonly ContextKind[]
  /** ms that a token must still be valid for; default 600,000. */
  readonly minValidity?: number
  readonly onEvent?: Emit
}
