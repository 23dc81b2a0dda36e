import type { ClientOptions } from '../../../core/client.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import type { Clock, Lock, Store } from '../../../core/ports.ts'
import type { CookieEncryption } from './cookie-encryption.ts'
import type { Cookies, SameSite } from './cookies.ts'
import type { SessionRevocations } from './session-revocations.ts'

/** What all sessions of one handler have in common. */
export interface SessionsSetup {
  readonly flow: LoginFlow
  /** The options of every client, except those that differ between requests. */
  readonly client: Omit<ClientOptions<LoginFlow>, 'flow' | 'owner' | 'store' | 'lock' | 'pending' | 'waitUntil'>
  readonly lock: Lock
  readonly clock: Clock
  readonly encryption: CookieEncryption
  /** Stores the tokens of all sessions; without it they are in the cookies. */
  readonly store: Store | undefined
  /** What this process has recently found out about sessions, in its memory. */
  readonly recent: Store
  readonly revocations: SessionRevocations
  /** ms from the login on */
  readonly maxAge: number
  readonly sameSite: SameSite
}

/** The part of a request that a session needs. */
export interface SessionRequest {
  readonly cookies: Cookies
  /** What the runtime passed together with the request. */
  readonly context: unknown
}
