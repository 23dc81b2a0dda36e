import { ImsResponseError, UnavailableError } from '../errors.ts'

/** The errors for a refresh token or code that is used, revoked or expired (RFC 6749, section 5.2, and IMS's own). */
const grantErrors = /* @__PURE__ */ new Set(['invalid_grant', 'invalid_token', 'access_denied'])

/** The errors for an access token that IMS does not accept. */
const refusedToken =
  /^(?:(?:invalid|expired|bad|malformed|revoked|unknown)_token|token_(?:invalid|expired|revoked|malformed))$/

type Refusal = ImsResponseError & { readonly imsError: string }

/**
 * Whether IMS itself refused: an OAuth error in JSON. Anything else comes from a proxy, or is a failure. A redirect does
 * not count, although its address may contain an error.
 */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof ImsResponseError && error.imsError !== undefined && !isRedirection(error.status)
}

/** Whether IMS refused the refresh token or code itself, so that only a new one helps. */
export function isGrantOver(error: unknown): boolean {
  return isRefusal(error) && grantErrors.has(error.imsError)
}

/** Whether IMS refused to invalidate a token because it does not know it. */
export function isUnknownToken(error: unknown): boolean {
  return isRefusal(error) && error.imsError === 'invalid_token'
}

/** Whether IMS refused the access token, and not the client or the request. */
export function isTokenRefused(error: unknown): error is Refusal {
  if (!isRefusal(error) || isClientRefused(error)) return false
  return error.status === 401 || refusedToken.test(error.imsError)
}

/** Whether IMS refused the client: another secret may help. */
export function isClientRefused(error: unknown): boolean {
  return isRefusal(error) && error.imsError === 'invalid_client'
}

/** An answer that is not IMS's own, such as the HTML page of a proxy, as an outage. */
export function notAnAnswer(error: unknown): unknown {
  if (!(error instanceof ImsResponseError)) return error
  const { status, requestId } = error
  const message = `${error.message}; this is not an answer of IMS, so no token was removed. Try again later.`
  return new UnavailableError('IMS_UNAVAILABLE', message, { cause: error, status, ...(requestId && { requestId }) })
}

/** Whether a status is that of a redirect. Browsers show 0 instead, and no header. */
export const isRedirection = (status: number): boolean => status === 0 || (status >= 300 && status < 400)
