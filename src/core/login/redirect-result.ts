import { LoginRequiredError } from '../errors.ts'
import type { ImsEventOf } from '../events.ts'
import type { PendingLogin } from '../flows/login-flow.ts'
import { refusalIn } from '../ims/refused.ts'
import type { Tokens } from '../ims/tokens.ts'
import { defined } from '../json.ts'
import type { Arrival, Store } from '../ports.ts'
import { finishedKey, isPending, isSamePlace } from './callback.ts'
import { finishLogin, unknownLogin } from './finish.ts'
import type { RedirectOutcome } from './login-methods.ts'
import type { LoginState } from './login-state.ts'
import { stateIn, storedLogin } from './pending.ts'
import { absoluteUri } from './redirect-uri.ts'
import { signingIn } from './signing-in.ts'

export { unknownLogin }

/** Finishes the login that `url` answers; `undefined` if another page waits for it, or it answers no login of this tab. */
export async function redirectResult(
  state: LoginState,
  arrival: Arrival,
  url: URL,
): Promise<RedirectOutcome<Tokens> | undefined> {
  const known = await knownLogin(state.pending, url)
  if (await isElsewhere(known, arrival, url)) return undefined
  if (known === undefined) {
    const redirectUri = absoluteUri(state.flow.redirectUri ?? url.href, url.href)
    const here = !URL.canParse(redirectUri) || isSamePlace(new URL(redirectUri), url)
    state.setup.connection.emit(ignoredCallback(url, here ? 'state' : 'path'))
    return undefined
  }
  const tokens = signingIn(state, (own) => finishLogin(own, url)).then((result) => result.tokens)
  return redirectOutcome(known, tokens, arrival)
}

/** A login that this tab knows; only `finished` if it was replayed, and nothing if what is stored of it is damaged. */
export type KnownLogin = Partial<PendingLogin> & { readonly finished?: true }

/** What this tab knows of the login that `callback` answers; `undefined` if it was not started in this tab. */
export async function knownLogin(store: Store, callback: URL): Promise<KnownLogin | undefined> {
  if (stateIn(callback) === undefined) return undefined
  if ((await store.get(await finishedKey(callback))) !== undefined) return { finished: true }
  const stored = await storedLogin(store, callback)
  if (stored === undefined) return undefined
  return isPending(stored) ? stored : {}
}

/** Whether there is nothing to do in this page: the login was finished before, or another page waits for its answer. */
export async function isElsewhere(known: KnownLogin | undefined, arrival: Arrival, url: URL): Promise<boolean> {
  if (known !== undefined) arrival.clear(url)
  if (known?.finished) return true
  // an address without a state answers no login
  if (!url.searchParams.get('state') || (known !== undefined && (known.mode ?? 'redirect') === 'redirect')) return false
  const taken = await arrival.handOver(url)
  if (taken) arrival.clear(url)
  return taken
}

/** The result of a login: that the user did not sign in, or that IMS needs the user, is a result too. */
export async function redirectOutcome<T>(
  { returnTo, appState, context }: KnownLogin,
  finishing: Promise<T>,
  arrival: Arrival,
): Promise<RedirectOutcome<T>> {
  const rest = defined({ returnTo, appState })
  try {
    const tokens = await finishing
    arrival.completed()
    return { status: 'signedIn', tokens, ...rest, ...defined({ context }) }
  } catch (error) {
    if (!(error instanceof LoginRequiredError) || error.code === 'STATE_MISMATCH') throw error
    return { status: 'denied', error, ...rest }
  }
}

/** The event for an address that is left as it is, with the error in it. */
export function ignoredCallback(
  callback: URL,
  reason: 'state' | 'path',
): Omit<ImsEventOf<'callback-ignored'>, 'operation'> {
  const { details: _, ...refusal } = refusalIn(callback)
  return { type: 'callback-ignored', reason, ...refusal }
}
