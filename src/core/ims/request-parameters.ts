import { TokenError } from '../errors.ts'

/** Named values of a query or form: a plain object, a `Map`, `URLSearchParams` or `FormData`. */
export type RequestParameters = object

/** The parameters as a form; those that are undefined or null are left out. */
export function form(parameters: RequestParameters): URLSearchParams {
  const all: [unknown, unknown][] = isEntries(parameters) ? [...parameters] : Object.entries(parameters ?? {})
  const defined = all.filter(([, value]) => value !== undefined && value !== null)
  return new URLSearchParams(defined.map(([name, value]) => [String(name), String(value)]))
}

function isEntries(parameters: object): parameters is Iterable<[unknown, unknown]> {
  return Symbol.iterator in Object(parameters) && !Array.isArray(parameters)
}

/** `url` with `parameters` in its query. */
export function withQuery(url: string, parameters: RequestParameters): string {
  const whole = new URL(url)
  for (const [name, value] of form(parameters)) whole.searchParams.set(name, value)
  return whole.toString()
}

/** Whether a header can carry `token`: visible ASCII, which is more than RFC 6750, section 2.1, allows. */
export function isSendable(token: unknown): boolean {
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)
}

/**
 * The `authorization` header for `token`; none without a token.
 *
 * @throws {TokenError} `BAD_TOKEN` for a token that a header cannot carry
 */
export function bearer(token: string | undefined): Record<string, string> {
  if (!token) return {}
  if (isSendable(token)) return { authorization: `Bearer ${token}` }
  throw new TokenError(
    'BAD_TOKEN',
    'The token cannot be sent: it is not text, or it contains blanks or line breaks; check where it comes from',
  )
}
