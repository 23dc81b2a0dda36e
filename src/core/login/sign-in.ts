import { ConfigurationError, LoginRequiredError } from '../errors.ts'
import type { LoginFlow, LoginParameters } from '../flows/flow.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Arrival, Json, LoginMode, Platform, Store, Trip } from '../ports.ts'

// what of a login cannot wait until the rest of it is loaded

export interface LoginOptions extends LoginParameters {
  /** How the person is taken to IMS, where the platform knows several ways. Default: `redirect`. */
  readonly mode?: LoginMode | undefined
  readonly signal?: AbortSignal | undefined
  /** Kept with the login on this device and handed back after it; never sent. */
  readonly appState?: Json | undefined
  /** Where the app wants to go on after the login, in the app itself; kept like `appState`. */
  readonly returnTo?: string | undefined
  /** @internal the named context that the login is for */
  readonly context?: string | undefined
}

export interface StartLoginOptions extends LoginOptions {
  /** Where IMS sends the person back to. Default: the flow's. */
  readonly redirectUri?: string | undefined
}

/** How a login ended. */
export interface LoginResult {
  readonly tokens: Tokens
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
}

/** A login that has begun: with the flow's own way to the person, or on its way to IMS. */
export type Departure = { readonly signIn: NonNullable<LoginFlow['signIn']> } | { readonly trip: Promise<Trip> }

/**
 * Begins a login. Nothing is awaited before the redirect begins: a browser opens a window only while it still counts
 * the click.
 *
 * @throws {LoginRequiredError} `LOGIN_NOT_POSSIBLE` where the platform has nowhere to send a person
 * @throws {ConfigurationError} `BAD_OPTION` for a `returnTo` outside the app
 */
export function depart(platform: Platform, flow: LoginFlow, { signal, mode, returnTo }: LoginOptions): Departure {
  signal?.throwIfAborted()
  checkReturnTo(platform, returnTo)
  const { signIn, redirectUri } = flow
  if (signIn !== undefined) return { signIn: signIn.bind(flow) }
  const trip = platform.redirect?.prepare({ signal, mode, redirectUri })
  // it may fail before anyone waits for it
  trip?.catch(() => {})
  if (trip !== undefined) return { trip }
  throw new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    'this platform has nowhere to send a person; use startLogin and finishLogin',
  )
}

/** Takes back what {@link depart} began. */
export async function abandon(departure: Departure): Promise<void> {
  if (!('trip' in departure)) return
  const trip = await departure.trip.catch(() => undefined)
  await trip?.close()
}

export function checkReturnTo({ arrival }: Platform, returnTo: string | undefined): void {
  if (returnTo === undefined || arrival === undefined || arrival.accepts(returnTo)) return
  throw new ConfigurationError(
    'BAD_OPTION',
    'returnTo must be an address of this app: a path such as /inbox, or a URL of the same origin',
  )
}

/** How a login by redirect went; `T` is the type of its tokens. */
export type RedirectOutcome<T> =
  | {
      readonly status: 'signedIn'
      readonly tokens: T
      readonly returnTo?: string | undefined
      readonly appState?: Json | undefined
      /** The named context that the login is for, if it is for one. */
      readonly context?: string | undefined
    }
  | {
      /** The user did not sign in or give consent, or IMS could not sign them in without a page. */
      readonly status: 'denied'
      readonly error: LoginRequiredError
      readonly returnTo?: string | undefined
      readonly appState?: Json | undefined
    }

/** What comes back on this page, read once however often it is asked for. */
export interface Landing<T> {
  /** Finishes the login that the address of this page answers; `undefined` if no such login is waited for here. */
  read(): Promise<T | undefined>
  forget(): void
}

export interface LandingOptions<T> {
  readonly arrival: Arrival | undefined
  /** Whether `url` answers a login that was started here. */
  readonly isOurs: (url: URL) => Promise<boolean>
  /** Finishes the login that `url` answers. Rejects if the code for it could not be loaded. */
  readonly finish: (arrival: Arrival, url: URL) => Promise<{ readonly result: Promise<T | undefined> }>
}

export const pendingKey = (state: string) => `imskit/pending/${state}`

/** The one `state` of a callback; `undefined` if it names none or several, as then it answers no login. */
export function stateIn(callback: URL): string | undefined {
  const [state, ...more] = callback.searchParams.getAll('state')
  return state && more.length === 0 ? state : undefined
}

/** What is stored of the login that `url` answers. */
export async function storedLogin(store: Store, url: URL): Promise<Json | undefined> {
  const state = stateIn(url)
  return state && store.get(pendingKey(state))
}

export function createLanding<T>({ arrival, isOurs, finish }: LandingOptions<T>): Landing<T> {
  let arrived: { readonly places: string[]; readonly url: URL; result: Promise<T | undefined> } | undefined
  let unread: URL | undefined
  async function land(arrival: Arrival, url: URL, places: string[]): Promise<T | undefined> {
    const retry = (error: unknown) => {
      // the next call tries again
      unread = url
      arrived = undefined
      throw error
    }
    const ours = await isOurs(url).catch(retry)
    // as early as possible; an answer to anybody else stays where it is
    if (ours) arrival.clear(url)
    places.push(arrival.here())
    const { result } = await finish(arrival, url).catch(retry)
    // a router may have written the address back that it read when it started
    return ours ? result.finally(() => arrival.clear(url)) : result
  }
  return {
    async read() {
      if (arrival === undefined) return undefined
      const here = arrival.here()
      // a page that is rendered twice asks twice, after the address was cleared or written back by a router
      if (arrived?.places.includes(here)) return arrived.result
      const url = arrival.url() ?? unread
      if (url === undefined) return undefined
      unread = undefined
      const places = [here]
      arrived = { places, url, result: land(arrival, url, places) }
      return arrived.result
    },
    forget() {
      arrived = undefined
    },
  }
}
