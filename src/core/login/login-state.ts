import type { LoginClientParts } from '../flows/login-flow.ts'
import type { Store } from '../ports.ts'
import type { LoginResult } from './login-methods.ts'

/** Everything the logins of one client share. */
export interface LoginState extends LoginClientParts {
  /** Stores the pending logins. */
  readonly pending: Store
  /** Logins that were finished, by their callback: a page that is rendered twice finishes twice, with one result. */
  readonly finished: Map<string, Promise<LoginResult>>
}
