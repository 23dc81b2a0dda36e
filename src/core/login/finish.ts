import { untilAborted } from '../async.ts'
import type { PendingLogin } from '../flows/login-flow.ts'
import type { Tokens } from '../ims/tokens.ts'
import { defined } from '../json.ts'
import { storeLogin } from '../session/store-login.ts'
import { withLockIfSoon } from '../session/with-lock.ts'
import { checkPlace, finishedKey, isPending, mismatch, parseCallback, stateOf } from './callback.ts'
import type { LoginResult } from './login-methods.ts'
import type { LoginState } from './login-state.ts'
import { pendingKey } from './pending.ts'

const rememberedCallbacks = 20

/** The second half of a login: checks the callback, redeems its code and stores the tokens. */
export async function finishLogin(
  state: LoginState,
  callback: URL | string,
  signal?: AbortSignal,
): Promise<LoginResult> {
  signal?.throwIfAborted()
  const { finished, setup } = state
  const url = parseCallback(callback)
  const name = `${stateOf(url)} ${url.searchParams.get('code') ?? ''}`
  let work = finished.get(name)
  if (work === undefined) {
    // not aborted with its caller: the code is redeemed, and a page that is rendered twice asks again
    const taken = takePending(state, url)
    work = taken.then((pending) => redeemCallback(state, pending, { url }))
    if (setup.platform.sharing !== false) finished.set(name, work)
    if (finished.size > rememberedCallbacks) finished.delete(finished.keys().next().value ?? '')
    taken.catch(() => finished.delete(name))
  }
  return untilAborted(work, signal)
}

/**
 * Removes the pending login of `callback` from the store, as one callback may finish it. A callback that does not answer
 * it changes nothing.
 *
 * @throws {LoginRequiredError} `STATE_MISMATCH`
 */
export async function takePending(state: LoginState, callback: URL): Promise<PendingLogin> {
  const { setup, flow, pending: store } = state
  const name = pendingKey(stateOf(callback))
  // anyone can send a callback with a state of their own: that must not take a lock, which some runtimes store
  if ((await store.get(name)) === undefined) throw unknownLogin()
  return withLockIfSoon(setup, name, async () => {
    const pending = await store.get(name)
    if (!isPending(pending)) throw unknownLogin()
    if (pending.expiresAt <= setup.connection.clock.now()) throw mismatch('expired', 'The login took too long')
    const foreign = pending.endpoint !== (await setup.call()).endpoint || pending.flowId !== flow.id
    if (foreign) throw mismatch('foreign', 'The login was started by another client or environment')
    checkPlace(pending, callback)
    await store.delete(name)
    // a router may write the callback back into the address, where the next load of the page finds it
    if (setup.platform.arrival) await store.set(await finishedKey(callback), true).catch(() => {})
    return pending
  })
}

/** Redeems the code of a callback whose login was taken out of the store. */
export async function redeemCallback(
  state: LoginState,
  pending: PendingLogin,
  { url, signal }: { readonly url: URL; readonly signal?: AbortSignal | undefined },
): Promise<LoginResult> {
  const { appState, returnTo } = pending
  const tokens = await signedIn(state, await state.flow.finish(await state.setup.call(signal), pending, url))
  return { tokens, ...defined({ appState, returnTo }) }
}

/** Stores the tokens of a user who has signed in. */
export async function signedIn({ session, setup, flow }: LoginState, tokens: Tokens): Promise<Tokens> {
  const { emit } = setup.connection
  await storeLogin(session, tokens)
  emit({ type: 'token', source: 'issued', expiresAt: tokens.expiresAt, scopes: tokens.scopes })
  emit({ type: 'login', clientId: flow.clientId })
  return tokens
}

export function unknownLogin() {
  return mismatch('unknown', 'No login with this state was started here, or it was finished already or took too long')
}
