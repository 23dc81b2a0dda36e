import type { JWTPayload } from 'jose'
import type { ProtectedHeaderParameters } from 'jose/decode/protected_header'
import { decodeText } from '../base64url.ts'
import { TokenError } from '../errors.ts'
import { parseObject } from '../json.ts'

/**
 * Claims of an IMS token, unchanged. Times are decimal strings in ms (`created_at`, `expires_in`). Access tokens have
 * neither `iss`, `aud` nor `exp`.
 */
export interface TokenClaims extends JWTPayload {
  readonly id?: string
  readonly type?: string
  readonly client_id?: string
  readonly user_id?: string
  readonly as?: string
  readonly scope?: string
  readonly created_at?: string
  readonly expires_in?: string
}

/**
 * The payload of `token`, decoded and NOT verified: anyone can write these claims. To trust a token use
 * `verifyToken` or `validateToken`. Unlike `verifyToken` it accepts every spelling of a token.
 *
 * @example const { user_id } = getTokenData(await getToken('my_ctx'))
 * @throws {TokenError} `BAD_TOKEN` if `token` is not a decodable JWT
 */
export function getTokenData(token: string): TokenClaims {
  const claims = claimsOf(token)
  if (claims === undefined) throw undecodable(token)
  return claims
}

/**
 * The header of `token`, decoded and NOT verified.
 *
 * @throws {TokenError} `BAD_TOKEN`
 */
export function getTokenHeader(token: string): ProtectedHeaderParameters {
  const parts = typeof token === 'string' ? token.split('.', 6) : []
  // a signed or an encrypted token
  const header = parts.length === 3 || parts.length === 5 ? objectOf(parts[0]) : undefined
  if (header === undefined) throw undecodable(token)
  return header
}

function objectOf(part = ''): Readonly<Record<string, unknown>> | undefined {
  try {
    return parseObject(decodeText(part))
  } catch {
    return undefined
  }
}

function undecodable(token: unknown): TokenError {
  const found = typeof token === 'string' ? 'text that is not a decodable JWT' : `a value of type ${typeof token}`
  const remedy = 'an opaque token has no readable claims, so ask IMS with validateToken'
  return new TokenError('BAD_TOKEN', `The token is ${found}; ${remedy}`)
}

/** Like {@link getTokenData}, but `undefined` for text that is not a decodable JWT. */
export function claimsOf(token: unknown): TokenClaims | undefined {
  const [, payload, ...more] = typeof token === 'string' ? token.split('.', 4) : []
  return more.length === 1 ? objectOf(payload) : undefined
}

/** When the token expires by its claims, in ms since the epoch, by the server's clock; `undefined` if they do not say. */
export function expiryOf(claims: TokenClaims | undefined): number | undefined {
  const expiresAt = Number(claims?.created_at) + Number(claims?.expires_in)
  if (Number.isFinite(expiresAt)) return expiresAt
  return typeof claims?.exp === 'number' && Number.isFinite(claims.exp) ? claims.exp * 1000 : undefined
}
