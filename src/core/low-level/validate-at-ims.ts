import { type Call, urlOf } from '../ims/call.ts'
import { claimsOf, expiryOf } from '../ims/decode-token.ts'
import { send } from '../ims/http.ts'
import { paths } from '../ims/paths.ts'
import { isTokenRefused } from '../ims/refusal.ts'
import { bearer, form, isSendable } from '../ims/request-parameters.ts'
import { malformed } from '../ims/response-error.ts'
import { parseObject } from '../json.ts'
import type { Validated } from './validation.ts'

// RFC 6749, section 10.10, wants 128 random bits of a token: less text than this cannot hold them
const shortestOpaque = 22

/**
 * Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`). Text that cannot be a token is not sent.
 *
 * @throws {ImsResponseError} `HTTP_ERROR` if IMS refuses something else than the token; `IMS_MALFORMED` for an answer
 *   without a verdict
 */
export async function validateAtIms(
  open: () => Promise<Call>,
  token: string,
  clientId: string | undefined,
): Promise<Validated> {
  const claims = claimsOf(token)
  const client = clientId ?? claims?.client_id
  if (client === undefined || !isSendable(token) || (claims === undefined && !mayBeOpaque(token)))
    return invalid('bad payload')
  const call = await open()
  const body = form({ type: claims?.type ?? 'access_token', client_id: client })
  const request = { url: urlOf(call, paths.validateToken), method: 'POST', headers: bearer(token), body }
  try {
    const answer = await send(call, request)
    const said = parseObject(answer.text)
    const valid = said?.valid
    // no verdict is no reason to refuse a token, least of all for as long as a cache remembers it
    if (typeof valid !== 'boolean')
      throw malformed(request, answer, 'the answer does not say whether the token is valid')
    return { status: valid ? 200 : 401, imsValidation: { ...said, valid }, expiresAt: expiryOf(claims) }
  } catch (error) {
    if (isTokenRefused(error)) return invalid(error.imsError)
    throw error
  }
}

function invalid(reason: string): Validated {
  return { status: 401, imsValidation: { valid: false, reason } }
}

/** Three parts are a JWT, and one that cannot be decoded is not a token. */
function mayBeOpaque(token: string): boolean {
  return token.length >= shortestOpaque && token.split('.', 4).length !== 3
}
