import type { JWTPayload } from 'jose'
import type { ProtectedHeaderParameters } from 'jose/decode/protected_header'
import { decodeText } from '../base64url.ts'
import { TokenError } from '../errors.ts'
import { parseObject } from '../json.ts'

/**
 * Claims of an IMS token as they stand in it. Times are decimal strings in ms (`created_at`, `expires_in`).
 * Ims-protocol facts: access tokens carry neither `iss`, `aud` nor `exp`.
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
 * @throws {TokenError} `BAD_TOKEN` when `token` is not a decodable JWT
 */
export function getTokenData(token: string): TokenClaims {
  const [, payload, , ...more] = partsOf(token)
  return objectOf(more.length === 0 ? payload : undefined, token)
}

/**
 * The header of `token`, decoded and NOT verified.
 *
 * @throws {TokenError} `BAD_TOKEN`
 */
export function getTokenHeader(token: string): ProtectedHeaderParameters {
  return objectOf(partsOf(token)[0], token)
}

/** The parts of a signed token, or of an encrypted one; none of anything else. */
function partsOf(token: unknown): string[] {
  const parts = typeof token === 'string' ? token.split('.', 6) : []
  return parts.length === 3 || parts.length === 5 ? parts : []
}

function objectOf(part: string | undefined, token: unknown): Readonly<Record<string, unknown>> {
  try {
    const value = parseObject(decodeText(part ?? ''))
    if (value !== undefined) return value
  } catch {}
  throw undecodable(token)
}

function undecodable(token: unknown): TokenError {
  const found = typeof token === 'string' ? 'text that is not a decodable JWT' : `a value of type ${typeof token}`
  const remedy = 'an opaque token has no readable claims, ask IMS with validateToken'
  return new TokenError('BAD_TOKEN', `the token is ${found}; ${remedy}`)
}

/** As {@link getTokenData}, but `undefined` where there is nothing to decode. */
export function claimsOf(token: unknown): TokenClaims | undefined {
  // an opaque token is nothing unusual, and an exception for each costs more than all else here
  if (typeof token !== 'string' || token.split('.', 4).length !== 3) return undefined
  try {
    return getTokenData(token)
  } catch {
    return undefined
  }
}

/** When the claims say that the token ends, in ms since the server's epoch; `undefined` where they do not say. */
export function expiryOf(claims: TokenClaims | undefined): number | undefined {
  const ends = Number(claims?.created_at) + Number(claims?.expires_in)
  if (Number.isFinite(ends)) return ends
  return typeof claims?.exp === 'number' && Number.isFinite(claims.exp) ? claims.exp * 1000 : undefined
}
