import { badOption } from '../options.ts'

/**
 * Checks a redirect URI: an absolute URL, or a path of a browser app, which is resolved when a login or logout starts.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function checkRedirectUri(name: string, uri: unknown): void {
  // browsers drop blanks in addresses and read \ as /, so that such a path could lead to another origin
  if (uri === undefined) return
  const valid =
    typeof uri === 'string' && (/^\/(?![/\\])[^#\\\s]*$/.test(uri) || (URL.canParse(uri) && !uri.includes('#')))
  if (valid) return
  throw badOption(`${name} must be a URL or a path such as /callback, without a fragment`)
}

/**
 * Checks the address that follows a logout, which may have a fragment.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function checkLogoutUri(uri: unknown): void {
  checkRedirectUri('logout: postLogoutRedirectUri', typeof uri === 'string' ? uri.split('#')[0] : uri)
}

/** `uri` as an absolute URL, if it is a path and the address of the app is known. */
export function absoluteUri(uri: string, page: string | undefined): string {
  return uri.startsWith('/') && page !== undefined ? new URL(uri, page).href : uri
}
