import type { Call } from './call.ts'
import { claimsOf, expiryOf } from './decode-token.ts'
import { scopesOf, showTokens, type Tokens } from './tokens.ts'

/** The members of a token response that are read here (RFC 6749, section 5.1). */
export interface TokenResponse {
  readonly access_token: string
  readonly expires_in?: unknown
  readonly refresh_token?: unknown
  readonly scope?: unknown
}

/**
 * A token response in the form of RFC 6749: an optional member that is null or empty is removed, and so is an unreadable
 * refresh token or scope, so that the access token is still usable. An invalid token type, lifetime or ID token remains,
 * to be refused.
 */
export function spelledOut(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const scope = Array.isArray(body.scope) ? body.scope.join(' ') : body.scope
  const whole: Record<string, unknown> = { ...body, scope }
  for (const name of ['refresh_token', 'scope']) if (typeof whole[name] !== 'string') delete whole[name]
  for (const name of ['refresh_token', 'scope', 'id_token']) if (whole[name] === '') delete whole[name]
  for (const name of ['id_token', 'token_type', 'expires_in']) if (whole[name] === null) delete whole[name]
  return whole
}

const longest = 366 * 24 * 3_600_000
/** For an opaque token whose response does not name its lifetime. */
const unknownLifetime = 10 * 60_000

/**
 * The tokens of a response. The expiry comes from `expires_in` in the unit of the endpoint, or from the claims if the
 * response has none.
 *
 * @param sentAt when the request was sent, in ms since the epoch: the lifetime may have started then
 * @returns `undefined` if `expires_in` is not a positive number
 */
export function tokensFrom(
  call: Call,
  response: TokenResponse,
  { unit, sentAt: obtainedAt }: { readonly unit: 's' | 'ms'; readonly sentAt: number },
): Tokens | undefined {
  const lifetime = lifetimeOf(response, { unit, now: obtainedAt + call.skew.ms })
  if (lifetime === undefined) return undefined
  const { access_token: accessToken, refresh_token: refreshToken } = response
  const scopes = scopesOf(response.scope) ?? scopesOf(claimsOf(accessToken)?.scope)
  return showTokens({
    accessToken,
    expiresAt: obtainedAt + Math.min(lifetime, longest),
    obtainedAt,
    ...(typeof refreshToken === 'string' && refreshToken !== '' && refreshFields(call, refreshToken)),
    ...(scopes && { scopes }),
  })
}

/** @param now the server's time when the request was sent */
function lifetimeOf(
  { access_token, expires_in }: TokenResponse,
  { unit, now }: { readonly unit: 's' | 'ms'; readonly now: number },
): number | undefined {
  if (expires_in === undefined || expires_in === null) {
    const expiresAt = expiryOf(claimsOf(access_token))
    return expiresAt === undefined ? unknownLifetime : Math.max(0, expiresAt - now)
  }
  const said = typeof expires_in === 'string' && expires_in.trim() !== '' ? Number(expires_in) : expires_in
  if (typeof said !== 'number' || !Number.isFinite(said) || said <= 0) return undefined
  return unit === 's' ? said * 1000 : said
}

function refreshFields(call: Call, refreshToken: string): Pick<Tokens, 'refreshToken' | 'refreshExpiresAt'> {
  const expiresAt = expiryOf(claimsOf(refreshToken))
  return { refreshToken, ...(expiresAt !== undefined && { refreshExpiresAt: expiresAt - call.skew.ms }) }
}
