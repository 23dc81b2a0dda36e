import { digest } from '../digest.ts'
import { LoginRequiredError } from '../errors.ts'
import type { PendingLogin } from '../flows/login-flow.ts'
import { refusalIn } from '../ims/refused.ts'
import { isObject } from '../json.ts'
import { badOption } from '../options.ts'
import type { Json, Store } from '../ports.ts'
import { pendingKey, stateIn } from './pending.ts'

/** @throws {ConfigurationError} `BAD_OPTION` */
export function parseCallback(callback: URL | string): URL {
  if (callback instanceof URL) return callback
  if (typeof callback === 'string' && URL.canParse(callback)) return new URL(callback)
  throw badOption('finishLogin needs the absolute URL that IMS redirected the user to')
}

/** @throws {LoginRequiredError} `STATE_MISMATCH` if the callback does not have exactly one state */
export function stateOf(callback: URL): string {
  const state = stateIn(callback)
  if (state !== undefined) return state
  const { imsError, imsErrorDescription = '' } = refusalIn(callback)
  if (imsError === undefined) throw mismatch('missing', 'The callback has no state, or more than one')
  const what = `The callback has no state that could be checked, and the error ${imsError} ${imsErrorDescription}`
  // without `jump`: anyone can have written that address, so no app may open it
  throw mismatch('missing', what.trimEnd(), { imsError, ...(imsErrorDescription && { imsErrorDescription }) })
}

/** The login that `callback` answers, if it was started here. */
export async function pendingLogin(store: Store, callback: URL): Promise<PendingLogin | undefined> {
  const stored = await store.get(pendingKey(stateOf(callback)))
  return isPending(stored) ? stored : undefined
}

export function isPending(stored: Json | undefined): stored is Json & PendingLogin {
  if (!isObject(stored)) return false
  const texts = ['state', 'nonce', 'codeVerifier', 'redirectUri', 'endpoint', 'flowId']
  const hasTexts = texts.every((name) => typeof stored[name] === 'string')
  return hasTexts && typeof stored.expiresAt === 'number' && URL.canParse(String(stored.redirectUri))
}

/** Under this key is stored that a login was finished. */
export const finishedKey = async (callback: URL) => `imskit/finished/${await digest(stateOf(callback))}`

/** IMS falls back to the credential's default redirect URI silently: the code of such a callback is not redeemed. */
export function checkPlace({ redirectUri }: PendingLogin, callback: URL): void {
  const requested = new URL(redirectUri)
  if (isSamePlace(requested, callback)) return
  const message = `IMS redirected to ${placeOf(callback)}, but ${placeOf(requested)} was requested`
  throw mismatch('redirect_uri', `${message}; add the latter to the credential's redirect URIs`)
}

// not by origin, which is "null" for every private-use scheme
const placeOf = ({ protocol, host, pathname }: URL) => `${protocol}//${host}${pathname}`
export const isSamePlace = (one: URL, other: URL) => placeOf(one) === placeOf(other)

export function mismatch(reason: string, what: string, details?: object): LoginRequiredError {
  return new LoginRequiredError('STATE_MISMATCH', `${what}. Nothing was stored. Start the login again.`, {
    details: { reason, ...details },
  })
}
