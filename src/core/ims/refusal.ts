import { ImsResponseError, LoginRequiredError, UnavailableError } from '../errors.ts'
import { redactText } from '../redact.ts'
import { isLoopback } from './environment.ts'

/** What IMS answers to a refresh token or code that is used, revoked or expired (RFC 6749, section 5.2, and IMS's own). */
const over = /* @__PURE__ */ new Set(['invalid_grant', 'invalid_token', 'access_denied'])
/** What IMS answers if the user has to do something on its pages first: sign in, consent, accept terms, verify an e-mail. */
const needsUser = /^(?:(?:login|consent|interaction|account_selection)_required$|ride_)/

/** What IMS answers about a token that it does not accept. */
const refusedToken =
  /^(?:(?:invalid|expired|bad|malformed|revoked|unknown)_token|token_(?:invalid|expired|revoked|malformed))$/

type Refusal = ImsResponseError & { readonly imsError: string }

/**
 * Whether IMS itself refused: an OAuth error in JSON. Anything else comes from something in between, or is a failure; the
 * address of a redirect is not JSON.
 */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof ImsResponseError && error.imsError !== undefined && !isRedirection(error.status)
}

/** Whether IMS refused the grant itself, so that only a new one helps. */
export function isGrantOver(error: unknown): boolean {
  return isRefusal(error) && over.has(error.imsError)
}

/** Whether IMS refused to invalidate a token that it does not know, or no longer. */
export function isUnknownToken(error: unknown): boolean {
  return isRefusal(error) && error.imsError === 'invalid_token'
}

/** Whether IMS refused the token that was presented, and not the client or the request. */
export function isTokenRefused(error: unknown): error is Refusal {
  if (!isRefusal(error) || isClientRefused(error)) return false
  return error.status === 401 || refusedToken.test(error.imsError)
}

/** Whether IMS refused the client: another secret may help. */
export function isClientRefused(error: unknown): boolean {
  return isRefusal(error) && error.imsError === 'invalid_client'
}

/** An answer that IMS did not give, such as the HTML page of a proxy, as the outage that it is. */
export function notAnAnswer(error: unknown): unknown {
  if (!(error instanceof ImsResponseError)) return error
  const { status, requestId } = error
  const message = `${error.message}; this is not an answer of IMS, so nothing was forgotten. Try again later.`
  return new UnavailableError('IMS_UNAVAILABLE', message, { cause: error, status, ...(requestId && { requestId }) })
}

/** `error` as `LOGIN_REQUIRED` if it is an answer of IMS, by redirect or not, that asks for the user; otherwise as it is. */
export function askingForUser(error: unknown): unknown {
  if (!(error instanceof ImsResponseError) || !needsUser.test(error.imsError ?? '')) return error
  const { imsError, imsErrorDescription, details } = error
  const remedy = details?.jump === undefined ? 'call login()' : 'open the address in details.jump for the user'
  return new LoginRequiredError('LOGIN_REQUIRED', `IMS needs the user (${imsError}); ${remedy}`, {
    cause: error,
    details: { imsError, imsErrorDescription, ...details },
  })
}

/** A status that says: the answer is elsewhere. A browser shows 0 instead, and no header. */
export const isRedirection = (status: number): boolean => status === 0 || (status >= 300 && status < 400)

/** What IMS says when it refuses. */
export interface Refused {
  readonly imsError?: string
  readonly imsErrorDescription?: string
  /** `details` of the error: `jump` is the address on which the user can remove the cause of a `ride_*` error. */
  readonly details?: { readonly jump: string }
}

/**
 * What a refusal says, as errors and events may carry it: bounded, on one line and without secrets.
 *
 * @param field the value of a member of the JSON body, or of a parameter of an address
 */
export function readRefusal(field: (name: string) => unknown, secrets: readonly string[] = []): Refused {
  const text = (name: string, most: number) => {
    const value = field(name)
    // shortened last: a secret cut in two would not be found
    return typeof value === 'string' ? redactText(value.slice(0, 5_000), secrets).slice(0, most) : ''
  }
  const [imsError, imsErrorDescription, jump] = [
    text('error', 100),
    text('error_description', 500),
    text('jump', 2_000),
  ]
  return {
    ...(imsError && { imsError }),
    ...(imsErrorDescription && { imsErrorDescription }),
    // an address that had to be changed leads nowhere
    ...(jump === field('jump') && isAddress(jump) && { details: { jump } }),
  }
}

function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
}

/** The error that an address carries in its query or else its fragment: of a callback, or of a redirect in its place. */
export function refusalIn(url: URL, secrets?: readonly string[]): Refused {
  const { searchParams, hash } = url
  const parameters = searchParams.has('error') ? searchParams : new URLSearchParams(hash.slice(1))
  return readRefusal((name) => parameters.get(name), secrets)
}
