import { untilAborted } from '../async.ts'
import { digest } from '../digest.ts'
import { ConfigurationError, LoginRequiredError } from '../errors.ts'
import type { ImsEventOf } from '../events.ts'
import type { LoginFlow, PendingLogin } from '../flows/flow.ts'
import { paths } from '../ims/paths.ts'
import { refusalIn } from '../ims/refused.ts'
import type { Tokens } from '../ims/tokens.ts'
import { isObject } from '../json.ts'
import type { Arrival, Json, Store } from '../ports.ts'
import type { Session } from '../session/session.ts'
import { withLockIfSoon } from '../session/with-lock.ts'
import type { Setup } from '../setup.ts'
import {
  checkReturnTo,
  type Departure,
  type LoginOptions,
  type LoginResult,
  pendingKey,
  type RedirectOutcome,
  type StartLoginOptions,
  stateIn,
  storedLogin,
} from './sign-in.ts'

/** Sign-in's story, in one piece or in its two halves. */
export interface Login {
  /** Goes on with what {@link depart} began. */
  run(departure: Departure, options?: LoginOptions): Promise<LoginResult>
  start(options?: StartLoginOptions): Promise<URL>
  finish(callback: URL | string, options?: { signal?: AbortSignal | undefined }): Promise<LoginResult>
  /** Finishes the login that `url` answers; `undefined` if another page waits for that, or it answers no login of ours. */
  land(arrival: Arrival, url: URL): Promise<RedirectOutcome<Tokens> | undefined>
}

const rememberedCallbacks = 20

export function createLogin(setup: Setup, flow: LoginFlow, session: Session): Login {
  const { platform, connection } = setup
  const store = platform.pending ?? platform.store
  // a page that is rendered twice finishes twice: the second gets the answer of the first
  const finished = new Map<string, Promise<LoginResult>>()
  session.onForget(() => finished.clear())

  async function begin(redirectUri: string, options: LoginOptions): Promise<{ url: URL; pending: PendingLogin }> {
    const { signal, appState, returnTo, mode, context, ...asked } = options
    const parameters = mode === 'silent' ? { ...asked, prompt: 'none' } : asked
    const { url, pending } = await flow.start(await setup.call(signal), redirectUri, parameters)
    const kept: PendingLogin = {
      ...pending,
      ...(mode !== undefined && { mode }),
      ...(context !== undefined && { context }),
      ...(appState !== undefined && { appState }),
      ...(returnTo !== undefined && { returnTo }),
    }
    await store.set(pendingKey(pending.state), kept as unknown as Json, pending.expiresAt)
    return { url, pending: kept }
  }

  async function complete(pending: PendingLogin, callback: URL, signal?: AbortSignal): Promise<LoginResult> {
    const { appState, returnTo } = pending
    const tokens = await signedIn(await flow.finish(await setup.call(signal), pending, callback))
    return { tokens, ...(appState !== undefined && { appState }), ...(returnTo !== undefined && { returnTo }) }
  }

  async function signedIn(tokens: Tokens): Promise<Tokens> {
    await session.keep(tokens)
    connection.emit({ type: 'token', source: 'issued', expiresAt: tokens.expiresAt, scopes: tokens.scopes })
    connection.emit({ type: 'login', clientId: flow.clientId })
    return tokens
  }

  /** Takes the pending login of `callback` out of the store: it is good for one callback. Any other changes nothing. */
  function take(callback: URL): Promise<PendingLogin> {
    const name = pendingKey(stateOf(callback))
    const task = async () => {
      const pending = parsePending(await store.get(name))
      if (pending === undefined) throw unknownLogin()
      if (pending.expiresAt <= connection.clock.now()) throw mismatch('expired', 'the login took too long')
      const foreign = pending.endpoint !== (await setup.call()).endpoint || pending.flowId !== flow.id
      if (foreign) throw mismatch('foreign', 'the login was begun by another client or environment')
      checkPlace(pending, callback)
      await store.delete(name)
      // a router may write the callback back into the address, where the next load of the page finds it
      if (platform.arrival) await store.set(await finishedKey(callback), true).catch(() => {})
      return pending
    }
    return withLockIfSoon(setup, name, task)
  }

  const login: Login = {
    async run(departure, options = {}) {
      const { signal, mode, returnTo: _, ...parameters } = options
      if ('signIn' in departure) {
        return { tokens: await signedIn(await departure.signIn(await setup.call(signal), parameters)) }
      }
      const trip = await departure.trip
      let mine: string | undefined
      try {
        const { url, pending } = await begin(trip.redirectUri, options)
        mine = pendingKey(pending.state)
        const callback = await untilAborted(trip.navigate(url), signal)
        if (stateOf(callback) !== pending.state) throw mismatch('unknown', 'the callback is that of another login')
        return await complete(await take(callback), callback, signal)
      } catch (error) {
        // a page that the back button brought back can be left again by the forward button
        const comesBack = platform.arrival !== undefined && (mode ?? 'redirect') === 'redirect' && !signal?.aborted
        if (mine !== undefined && !comesBack) await store.delete(mine).catch(() => {})
        throw error
      } finally {
        await trip.close()
      }
    },

    async start(options = {}) {
      const { redirectUri = flow.redirectUri, ...rest } = options
      rest.signal?.throwIfAborted()
      checkReturnTo(platform, rest.returnTo)
      if (redirectUri === undefined) {
        throw new ConfigurationError(
          'BAD_OPTION',
          'startLogin needs redirectUri: the URL, registered with the credential, that IMS sends the person back to',
        )
      }
      return (await begin(redirectUri, rest)).url
    },

    async finish(callback, { signal } = {}) {
      signal?.throwIfAborted()
      const url = parseCallback(callback)
      const same = `${stateOf(url)} ${url.searchParams.get('code') ?? ''}`
      let work = finished.get(same)
      if (work === undefined) {
        // not aborted with its caller: the code is spent, and a page that is rendered twice asks again
        const taken = take(url)
        work = taken.then((pending) => complete(pending, url))
        if (platform.sharing !== false) finished.set(same, work)
        if (finished.size > rememberedCallbacks) finished.delete(finished.keys().next().value ?? '')
        taken.catch(() => finished.delete(same))
      }
      return untilAborted(work, signal)
    },

    async land(arrival, url) {
      const known = await knownLogin(store, url)
      if (await isElsewhere(known, arrival, url)) return undefined
      if (known === undefined) {
        const { redirectUri = url.href } = flow
        const here = !URL.canParse(redirectUri) || samePlace(new URL(redirectUri), url)
        connection.emit(ignoredCallback(url, here ? 'state' : 'path'))
        return undefined
      }
      const tokens = login.finish(url).then((result) => result.tokens)
      return redirectOutcome(known, tokens, arrival)
    },
  }
  return login
}

/** The address that ends the person's session at IMS (`GET /ims/logout/v1`), and where it sends them afterwards. */
export async function logoutUrl({ flow, call }: Setup, redirectUri: string | undefined): Promise<URL> {
  const url = new URL((await call()).endpoint + paths.logout)
  url.searchParams.set('client_id', flow.clientId)
  if (redirectUri !== undefined) url.searchParams.set('redirect_uri', redirectUri)
  return url
}

/** The login that `callback` answers, if it was started here. */
export async function pendingLogin(store: Store, callback: URL): Promise<PendingLogin | undefined> {
  return parsePending(await store.get(pendingKey(stateOf(callback))))
}

/** A login that this tab knows: with nothing else to say if it was replayed or what is stored of it is damaged. */
export type KnownLogin = Partial<PendingLogin> & { readonly finished?: true }

/** What this tab knows of the login that `callback` answers; `undefined` if it answers no login of ours. */
export async function knownLogin(store: Store, callback: URL): Promise<KnownLogin | undefined> {
  if (stateIn(callback) === undefined) return undefined
  if ((await store.get(await finishedKey(callback))) !== undefined) return { finished: true }
  const stored = await storedLogin(store, callback)
  return stored === undefined ? undefined : (parsePending(stored) ?? {})
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

/** How the login went: that the user did not want to, or that IMS cannot do without them, is a result too. */
export async function redirectOutcome<T>(
  { returnTo, appState, context }: KnownLogin,
  finishing: Promise<T>,
  arrival: Arrival,
): Promise<RedirectOutcome<T>> {
  const rest = { ...(returnTo !== undefined && { returnTo }), ...(appState !== undefined && { appState }) }
  try {
    const tokens = await finishing
    arrival.completed()
    return { status: 'signedIn', tokens, ...rest, ...(context !== undefined && { context }) }
  } catch (error) {
    if (!(error instanceof LoginRequiredError) || error.code === 'STATE_MISMATCH') throw error
    return { status: 'denied', error, ...rest }
  }
}

export function unknownLogin(): LoginRequiredError {
  return mismatch('unknown', 'no login with this state was begun here, or it was finished already or took too long')
}

const finishedKey = async (callback: URL) => `imskit/finished/${await digest(stateOf(callback))}`

function parseCallback(callback: URL | string): URL {
  if (callback instanceof URL) return callback
  if (typeof callback === 'string' && URL.canParse(callback)) return new URL(callback)
  throw new ConfigurationError('BAD_OPTION', 'finishLogin needs the absolute URL that the person came back on')
}

function stateOf(callback: URL): string {
  const state = stateIn(callback)
  if (state !== undefined) return state
  const { imsError, imsErrorDescription = '' } = refusalIn(callback)
  if (imsError === undefined) throw mismatch('missing', 'the callback names no state, or more than one')
  const what = `the callback names no state that could be checked, and the error ${imsError} ${imsErrorDescription}`
  // without `jump`: anyone can have written that address, so no app may open it
  throw mismatch('missing', what.trimEnd(), { imsError, ...(imsErrorDescription && { imsErrorDescription }) })
}

/** What is told of an address that is left as it is, with the error that it carries. */
export function ignoredCallback(callback: URL, reason: 'state' | 'path'): ImsEventOf<'callback-ignored'> {
  const { details: _, ...said } = refusalIn(callback)
  return { type: 'callback-ignored', reason, ...said }
}

/** IMS falls back to the credential's default redirect URI silently: the code of such a callback is not redeemed. */
function checkPlace({ redirectUri }: PendingLogin, callback: URL): void {
  if (samePlace(new URL(redirectUri), callback)) return
  const message = `IMS redirected to ${placeOf(callback)}, but ${placeOf(new URL(redirectUri))} was requested`
  throw mismatch('redirect_uri', `${message}; add the latter to the credential's redirect URIs`)
}

// not by origin, which is "null" for every private-use scheme
const placeOf = ({ protocol, host, pathname }: URL) => `${protocol}//${host}${pathname}`
const samePlace = (one: URL, other: URL) => placeOf(one) === placeOf(other)

function mismatch(reason: string, what: string, said?: object): LoginRequiredError {
  return new LoginRequiredError('STATE_MISMATCH', `${what}; nothing was stored, start the login again`, {
    details: { reason, ...said },
  })
}

function parsePending(stored: Json | undefined): PendingLogin | undefined {
  if (!isObject(stored)) return undefined
  const from = stored as Partial<Record<keyof PendingLogin, Json>>
  const texts = [from.state, from.nonce, from.codeVerifier, from.redirectUri, from.endpoint, from.flowId]
  const whole = texts.every((text) => typeof text === 'string') && typeof from.expiresAt === 'number'
  return whole && URL.canParse(String(from.redirectUri)) ? (from as unknown as PendingLogin) : undefined
}
