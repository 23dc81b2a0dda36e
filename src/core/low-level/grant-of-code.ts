import { ConfigurationError, TokenError } from '../errors.ts'
import { claimsOf } from '../ims/decode-token.ts'
import type { RequestParameters } from '../ims/request-parameters.ts'

/**
 * The grant for `code`, by its `type` claim.
 *
 * @throws {TokenError} `BAD_TOKEN` for an opaque code or token
 * @throws {ConfigurationError} `UNKNOWN_AUTHCODE_TYPE` for any other type
 */
export function grantOfCode(code: string): { grant: string; parameters: RequestParameters } {
  const claims = claimsOf(code)
  if (claims === undefined) {
    const remedy = 'use exchangeAuthorizationCode or refreshToken'
    throw new TokenError('BAD_TOKEN', `The code or token is opaque, so its type cannot be detected; ${remedy}`)
  }
  const { type } = claims
  if (type === 'authorization_code') return { grant: type, parameters: { code } }
  if (type === 'refresh_token') return { grant: type, parameters: { refresh_token: code } }
  const message = `A token of type ${JSON.stringify(type)} cannot be redeemed; pass an authorization code or a refresh token`
  throw new ConfigurationError('UNKNOWN_AUTHCODE_TYPE', message)
}
