import { ConfigurationError, type TokenInvalidReason, type UnavailableError } from '../../../core/errors.ts'

/** What a guard answers to those it does not let through (RFC 6750, section 3). */
export interface BearerAnswers {
  /** No token: no error either, as nobody has done anything wrong. */
  missing(): Response
  /** A request that no token can be read from. */
  malformed(): Response
  invalid(reason: TokenInvalidReason | undefined): Response
  /** IMS cannot be asked: nothing is known about the token. */
  unavailable(error: Pick<UnavailableError, 'retryAfter'>): Response
}

const defaultRetryAfter = 5_000

/** @throws {ConfigurationError} `BAD_OPTION` for what a header cannot carry */
export function bearerAnswers({ realm, scopes }: { realm: string; scopes: readonly string[] }): BearerAnswers {
  if (typeof realm !== 'string' || !/^[\x20-\x7e]+$/.test(realm))
    throw new ConfigurationError('BAD_OPTION', 'realm must be text of printable ASCII characters')
  // RFC 6749, section 3.3
  if (!scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
    throw new ConfigurationError('BAD_OPTION', 'each of scopes must be a scope: ASCII without blanks, " and \\')

  const refusal = (status: number, error: string | undefined, description: string, more: Record<string, string> = {}) =>
    answer(status, error, description, {
      'www-authenticate': challenge({
        realm,
        ...(error !== undefined && { error, error_description: description }),
        ...more,
      }),
    })

  return {
    missing: () => refusal(401, undefined, 'An access token is needed: Authorization: Bearer <token>'),
    malformed: () => refusal(400, 'invalid_request', 'The Authorization header does not hold exactly one token'),
    invalid(reason) {
      if (reason === 'scope')
        return refusal(403, 'insufficient_scope', 'The access token lacks a scope', { scope: scopes.join(' ') })
      // who forges tokens learns nothing from what exactly was wrong
      const what = reason === 'expired' ? 'The access token has expired' : 'The access token is not valid here'
      return refusal(401, 'invalid_token', what)
    },
    unavailable({ retryAfter = defaultRetryAfter }) {
      const seconds = Math.max(1, Math.ceil(retryAfter / 1000))
      const what = 'The access token cannot be checked at the moment'
      return answer(503, 'temporarily_unavailable', what, { 'retry-after': String(seconds) })
    },
  }
}

function answer(
  status: number,
  error: string | undefined,
  description: string,
  headers: Record<string, string>,
): Response {
  const body = { ...(error !== undefined && { error }), error_description: description }
  return Response.json(body, { status, headers: { ...headers, 'cache-control': 'no-store' } })
}

/** Values as quoted strings (RFC 9110, section 5.6.4). */
function challenge(parameters: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
  return `Bearer ${pairs.join(', ')}`
}
