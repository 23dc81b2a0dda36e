import type { TokenInvalidReason, UnavailableError } from '../../../core/errors.ts'
import { badOption } from '../../../core/options.ts'

/** The responses of a guard to requests that it rejects (RFC 6750, section 3). */
export interface BearerResponses {
  /** The request has no token. RFC 6750 wants no error code in this case. */
  missing(): Response
  /** The header does not have exactly one token. */
  malformed(): Response
  invalid(reason: TokenInvalidReason | undefined): Response
  /** IMS does not answer, so the token cannot be checked. */
  unavailable(error: Pick<UnavailableError, 'retryAfter'>): Response
}

/** What every challenge says. */
interface Protected {
  readonly realm: string
  readonly scopes: readonly string[]
  /** Where the metadata of the API is (RFC 9728). */
  readonly metadata?: string | undefined
}

interface Challenge {
  readonly realm: string
  readonly metadata?: string | undefined
  readonly error?: string
  readonly description: string
  readonly scope?: string | undefined
}

/** ms */
const defaultRetryAfter = 5_000

/** @throws {ConfigurationError} `BAD_OPTION` if a header cannot contain the realm or a scope */
export function bearerResponses({ realm, scopes, metadata }: Protected): BearerResponses {
  if (typeof realm !== 'string' || !/^[\x20-\x7e]+$/.test(realm))
    throw badOption('realm must be a text of printable ASCII characters')
  // RFC 6749, section 3.3
  if (!scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
    throw badOption('each of scopes must be a scope: ASCII without blanks, " and \\')
  // a client that reads the metadata requests these scopes
  const scope = metadata !== undefined && scopes.length > 0 ? scopes.join(' ') : undefined
  return {
    missing: () =>
      challenge(401, {
        realm,
        description: 'An access token is needed: Authorization: Bearer <token>',
        scope,
        metadata,
      }),
    malformed: () =>
      challenge(400, {
        realm,
        metadata,
        error: 'invalid_request',
        description: 'The Authorization header does not hold exactly one token',
      }),
    invalid: (reason) => invalidToken(reason, { realm, scopes, metadata }),
    unavailable: ({ retryAfter = defaultRetryAfter }) => {
      const seconds = Math.max(1, Math.ceil(retryAfter / 1000))
      const body = {
        error: 'temporarily_unavailable',
        error_description: 'The access token cannot be checked at the moment',
      }
      return uncached(503, body, { 'retry-after': String(seconds) })
    },
  }
}

function invalidToken(reason: TokenInvalidReason | undefined, { realm, scopes, metadata }: Protected): Response {
  if (reason === 'scope') {
    const description = 'The access token lacks a scope'
    return challenge(403, { realm, error: 'insufficient_scope', description, scope: scopes.join(' '), metadata })
  }
  // an attacker does not get to know what exactly is wrong with a forged token
  const description = reason === 'expired' ? 'The access token has expired' : 'The access token is not valid here'
  return challenge(401, { realm, error: 'invalid_token', description, metadata })
}

/** A response with a `WWW-Authenticate` header, whose values are quoted strings (RFC 9110, section 5.6.4). */
function challenge(status: number, { realm, error, description, scope, metadata }: Challenge): Response {
  const parameters = {
    realm,
    ...(error !== undefined && { error, error_description: description }),
    ...(scope !== undefined && { scope }),
    ...(metadata !== undefined && { resource_metadata: metadata }),
  }
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
  const body = { ...(error !== undefined && { error }), error_description: description }
  return uncached(status, body, { 'www-authenticate': `Bearer ${pairs.join(', ')}` })
}

function uncached(status: number, body: object, headers: Readonly<Record<string, string>>): Response {
  return Response.json(body, { status, headers: { ...headers, 'cache-control': 'no-store' } })
}
