import { TokenError } from '../errors.ts'
import { claimsOf, expiryOf } from '../ims/decode-token.ts'
import type { Tokens } from '../ims/tokens.ts'
import { hideSecrets } from '../redact.ts'

/** A token and when it expires, in ms since the epoch. */
export interface ExpiringToken {
  readonly token: string
  readonly expiry: number
}

/** Tokens in the shape of `@adobe/aio-lib-ims`. `payload` is what IMS answered. */
export interface TokenResult {
  readonly access_token: ExpiringToken
  readonly refresh_token?: ExpiringToken
  readonly payload: Readonly<Record<string, unknown>>
}

/** `tokens` as `@adobe/aio-lib-ims` returns them. The expiry of an opaque refresh token is `Infinity`. */
export function tokenResult(tokens: Tokens, payload: Readonly<Record<string, unknown>>): TokenResult {
  const { accessToken, expiresAt, refreshToken, refreshExpiresAt = Number.POSITIVE_INFINITY } = tokens
  const result: TokenResult = {
    access_token: hideSecrets({ token: accessToken, expiry: expiresAt }),
    ...(refreshToken !== undefined && {
      refresh_token: hideSecrets({ token: refreshToken, expiry: refreshExpiresAt }),
    }),
    payload: hideSecrets({ ...payload }),
  }
  return result
}

/**
 * An access token that was obtained elsewhere, in the same shape; its expiry comes from its claims.
 *
 * @throws {TokenError} `BAD_TOKEN` for a token without a readable expiry
 */
export function resultOfToken(token: string): TokenResult {
  const expiresAt = expiryOf(claimsOf(token))
  if (expiresAt === undefined) {
    throw new TokenError(
      'BAD_TOKEN',
      'The token does not say when it expires: it is opaque or not from IMS; use expires_in of its response instead',
    )
  }
  return tokenResult({ accessToken: token, expiresAt }, { access_token: token })
}
