import { LoginRequiredError } from '../errors.ts'
import type { LoginFlow } from '../flows/login-flow.ts'
import { badOption } from '../options.ts'
import type { Platform, Trip } from '../ports.ts'
import type { LoginOptions } from './login-options.ts'

// what of a login cannot wait until the rest of it is loaded

/** A login that was started: by the flow's own way to the user, or by redirect to IMS. */
export type Departure = { readonly signIn: NonNullable<LoginFlow['signIn']> } | { readonly trip: Promise<Trip> }

/**
 * Starts a login. Nothing is awaited before the redirect starts: a browser opens a window only while it still counts
 * the click.
 *
 * @throws {LoginRequiredError} `LOGIN_NOT_POSSIBLE` if the platform has no redirect
 * @throws {ConfigurationError} `BAD_OPTION` for a `returnTo` outside the app
 */
export function depart(platform: Platform, flow: LoginFlow, options: LoginOptions): Departure {
  checkStart(platform, options)
  const { signal, mode } = options
  const { signIn, redirectUri } = flow
  if (signIn !== undefined) return { signIn: signIn.bind(flow) }
  const trip = platform.redirect?.prepare({ signal, mode, redirectUri })
  // it may fail before it is awaited
  trip?.catch(() => {})
  if (trip !== undefined) return { trip }
  throw new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    'This platform cannot redirect a user to a sign-in page. Use startLogin and finishLogin.',
  )
}

/** Releases what {@link depart} prepared. */
export async function abandon(departure: Departure): Promise<void> {
  if (!('trip' in departure)) return
  const trip = await departure.trip.catch(() => undefined)
  await trip?.close()
}

/** @throws {ConfigurationError} `BAD_OPTION` for a `returnTo` outside the app */
export function checkStart({ arrival }: Platform, { signal, returnTo }: LoginOptions): void {
  signal?.throwIfAborted()
  if (returnTo === undefined || arrival === undefined || arrival.accepts(returnTo)) return
  throw badOption('returnTo must be an address of this app: a path such as /inbox, or a URL of the same origin')
}
