import type { Call } from '../ims/call.ts'
import { claimsOf, expiryOf } from '../ims/decode-token.ts'
import { validateToken } from '../ims/endpoints/validate-token.ts'
import { isSendable } from '../ims/request-parameters.ts'
import type { Validated } from './validation.ts'

// a token has at least 128 random bits (RFC 6749, section 10.10): shorter text cannot hold them
const shortestOpaque = 22

/**
 * Asks IMS whether `token` is valid. Text that cannot be a token is invalid without a request.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`, `IMS_MALFORMED`
 */
export async function validateAtIms(
  open: () => Promise<Call>,
  token: string,
  clientId: string | undefined,
): Promise<Validated> {
  const claims = claimsOf(token)
  const client = clientId ?? claims?.client_id
  if (client === undefined || !isSendable(token) || (claims === undefined && !mayBeOpaque(token)))
    return { status: 401, imsValidation: { valid: false, reason: 'bad payload' } }
  const type = claims?.type ?? 'access_token'
  const imsValidation = await validateToken(await open(), token, { type, clientId: client })
  return { status: imsValidation.valid ? 200 : 401, imsValidation, expiresAt: expiryOf(claims) }
}

/** Text of three parts is a JWT; if it cannot be decoded, it is not a token. */
function mayBeOpaque(token: string): boolean {
  return token.length >= shortestOpaque && token.split('.', 4).length !== 3
}
