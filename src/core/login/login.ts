import { untilAborted } from '../async.ts'
import { mismatch, stateOf } from './callback.ts'
import type { Departure } from './departure.ts'
import { redeemCallback, signedIn, takePending } from './finish.ts'
import type { LoginResult } from './login-methods.ts'
import type { LoginOptions } from './login-options.ts'
import type { LoginState } from './login-state.ts'
import { pendingKey } from './pending.ts'
import { requestLogin } from './start.ts'

// loaded together, with the first act of a login
export { finishLogin } from './finish.ts'
export { redirectResult } from './redirect-result.ts'
export { startLogin } from './start.ts'

/** Completes a login that was started by `depart`: waits for the user and redeems the code that they come back with. */
export async function runLogin(state: LoginState, departure: Departure, options: LoginOptions): Promise<LoginResult> {
  const { setup, pending: store } = state
  const { signal, mode, returnTo: _, ...parameters } = options
  if ('signIn' in departure)
    return { tokens: await signedIn(state, await departure.signIn(await setup.call(signal), parameters)) }
  const trip = await departure.trip
  let mine: string | undefined
  try {
    const { url, pending } = await requestLogin(state, trip.redirectUri, options)
    mine = pendingKey(pending.state)
    const callback = await untilAborted(trip.navigate(url), signal)
    if (stateOf(callback) !== pending.state) throw mismatch('unknown', 'The callback answers another login')
    return await redeemCallback(state, await takePending(state, callback), { url: callback, signal })
  } catch (error) {
    // a page that the back button brought back can be left again by the forward button
    const comesBack = setup.platform.arrival !== undefined && (mode ?? 'redirect') === 'redirect' && !signal?.aborted
    if (mine !== undefined && !comesBack) await store.delete(mine).catch(() => {})
    throw error
  } finally {
    await trip.close()
  }
}
