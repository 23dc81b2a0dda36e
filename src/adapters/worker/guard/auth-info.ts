import { expiryOf, type TokenClaims } from '../../../core/ims/decode-token.ts'
import { scopesOf } from '../../../core/ims/tokens.ts'

/**
 * What a guard knows about the caller of an API. It has the members that the SDK of the Model Context Protocol expects
 * in `req.auth`.
 */
export interface AuthInfo {
  /** The access token. It is not enumerable: logs, copies and JSON do not contain it. */
  readonly token: string
  /** The client that the token was issued to. */
  readonly clientId: string
  readonly scopes: string[]
  /** ms since the epoch */
  readonly expiresAt: number
  /** The option `resource` of the guard. */
  readonly resource?: URL
  readonly claims: TokenClaims
  /** The claims, for code that reads only the members which the Model Context Protocol names. */
  readonly extra: Record<string, unknown>
}

export function authInfo(token: string, claims: TokenClaims, resource: URL | undefined): AuthInfo {
  const info = {
    clientId: claims.client_id ?? '',
    scopes: scopesOf(claims.scope) ?? [],
    // a guard accepts only tokens that say when they expire
    expiresAt: expiryOf(claims) ?? 0,
    ...(resource && { resource }),
    claims,
    extra: claims,
  }
  return Object.defineProperty({ ...info, token }, 'token', { enumerable: false })
}
