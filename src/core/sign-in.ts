import { ConfigurationError, LoginRequiredError } from './errors.ts'
import type { LoginFlow, LoginParameters } from './flows/flow.ts'
import type { Tokens } from './ims/tokens.ts'
import type { Arrival, Json, LoginMode, Platform, Visit } from './ports.ts'

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
export type Departure = { readonly signIn: NonNullable<LoginFlow['signIn']> } | { readonly visiting: Promise<Visit> }

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
  const visiting = platform.redirect?.begin(signal, { mode, redirectUri })
  // it may fail before anyone waits for it
  visiting?.catch(() => {})
  if (visiting !== undefined) return { visiting }
  throw new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    'this platform has nowhere to send a person; use startLogin and finishLogin',
  )
}

/** Takes back what {@link depart} began. */
export async function abandon(departure: Departure): Promise<void> {
  if (!('visiting' in departure)) return
  const visit = await departure.visiting.catch(() => undefined)
  await visit?.end()
}

export function checkReturnTo({ arrival }: Platform, returnTo: string | undefined): void {
  if (returnTo === undefined || arrival === undefined || arrival.accepts(returnTo)) return
  throw new ConfigurationError(
    'BAD_OPTION',
    'returnTo must be an address of this app: a path such as /inbox, or a URL of the same origin',
  )
}

/** What comes back on this page, read once however often it is asked for. */
export interface Landing {
  /** Ends the login whose answer is the address of this page; `undefined` where there is none that is waited for here. */
  read(): Promise<LoginResult | undefined>
  forget(): void
}

/** @param finish ends the login that a URL answers */
export function createLanding(
  arrival: Arrival | undefined,
  finish: (arrival: Arrival, url: URL) => Promise<{ readonly result: Promise<LoginResult | undefined> }>,
): Landing {
  let arrived: { readonly at: string; readonly result: Promise<LoginResult | undefined> } | undefined
  let unread: URL | undefined
  return {
    async read() {
      if (arrival === undefined) return undefined
      const url = arrival.url() ?? unread
      // a page that is rendered twice asks twice, the second time after the address was cleared
      if (url === undefined) return arrived?.at === arrival.here() ? arrived?.result : undefined
      arrival.clear()
      unread = undefined
      const result = finish(arrival, url).then(
        (finished) => finished.result,
        (error) => {
          // what would end it could not be loaded: the next call tries again
          unread = url
          throw error
        },
      )
      arrived = { at: arrival.here(), result }
      return result
    },
    forget() {
      arrived = undefined
    },
  }
}
