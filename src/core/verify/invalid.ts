import { TokenError, type TokenInvalidReason } from '../errors.ts'

const remedies: Readonly<Record<TokenInvalidReason, string>> = {
  malformed: 'it is not a signed IMS access token',
  algorithm: 'it is not signed with RS256',
  key: 'it is signed with a key that IMS does not publish',
  signature: 'its signature is wrong',
  expired: 'it has expired; get a new one',
  not_yet_valid: 'it is from the future; check the clock',
  type: 'it is not an access token',
  issuer: 'it is from another issuer; name the one that is right in the option issuer, or issuers for a login',
  audience: 'it is for another audience',
  nonce: 'it is for another login',
  client: 'it belongs to a client that is not accepted here',
  scope: 'it lacks a required scope',
}

/** The refusal of a token, with a sentence for `reason`. */
export function invalid(reason: TokenInvalidReason): TokenError {
  return new TokenError('TOKEN_INVALID', `The token was refused: ${remedies[reason]}.`, { reason })
}
