import { inOperation } from '../session/operation.ts'
import type { LoginState } from './login-state.ts'

/** Runs a login, or the second half of one, as one operation. */
export function signingIn<T>(state: LoginState, work: (own: LoginState) => Promise<T>): Promise<T> {
  return inOperation(state.session, 'signing in', (session) => work({ ...state, session, setup: session.setup }))
}
