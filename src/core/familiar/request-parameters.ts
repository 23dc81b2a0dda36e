import { TokenError } from '../errors.ts'

/** Named values of a query or form. */
export type Parameters = Readonly<Record<string, unknown>>

/** Parameters that have a value; what is undefined is not sent, least of all as the word. */
export function form(parameters: Parameters): URLSearchParams {
  const defined = Object.entries(parameters ?? {}).filter(([, value]) => value !== undefined && value !== null)
  return new URLSearchParams(defined.map(([name, value]) => [name, String(value)]))
}

/** `url` with `parameters` in its query. */
export function withQuery(url: string, parameters: Parameters): string {
  const whole = new URL(url)
  for (const [name, value] of form(parameters)) whole.searchParams.set(name, value)
  return whole.toString()
}

/** Whether a header can carry `token` (RFC 6750, section 2.1, and then some). */
export function isSendable(token: unknown): boolean {
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)
}

/**
 * The header that presents `token`; none without one.
 *
 * @throws {TokenError} `BAD_TOKEN` for one that no header can carry
 */
export function bearer(token: string | undefined): Record<string, string> {
  if (!token) return {}
  if (isSendable(token)) return { authorization: `Bearer ${token}` }
  throw new TokenError('BAD_TOKEN', 'the token cannot be sent: it is not text, or has blanks or line breaks in it')
}
