import { ImsResponseError, UnavailableError } from '../errors.ts'

/** What IMS answers to a refresh token or code that is used, revoked or expired (RFC 6749, section 5.2, and IMS's own). */
const over = /* @__PURE__ */ new Set(['invalid_grant', 'invalid_token', 'access_denied'])

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

/** A status that says: the answer is elsewhere. A browser shows 0 instead, and no header. */
export const isRedirection = (status: number): boolean => status === 0 || (status >= 300 && status < 400)
