import { type Call, malformed, parseObject, send } from '../ims/call.ts'
import { claimsOf, expiryOf } from '../ims/decode-token.ts'
import { paths } from '../ims/paths.ts'
import { bearer, form, isSendable } from './request-parameters.ts'
import type { Validated } from './validation.ts'

/**
 * Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`); what cannot be a token is not sent.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`; `IMS_MALFORMED` for an answer without a verdict
 */
export async function validateAtIms(call: Call, token: string, clientId: string | undefined): Promise<Validated> {
  const claims = claimsOf(token)
  const client = clientId ?? claims?.client_id
  if (client === undefined || !isSendable(token))
    return { status: 401, imsValidation: { valid: false, reason: 'bad payload' } }
  const body = form({ type: claims?.type ?? 'access_token', client_id: client })
  const request = { url: call.endpoint + paths.validateToken, method: 'POST', headers: bearer(token), body }
  const answer = await send(call, request)
  const said = parseObject(answer.text)
  const valid = said?.valid
  // no verdict is no reason to refuse a token, least of all for as long as a cache remembers it
  if (typeof valid !== 'boolean') throw malformed(request, answer, 'the answer does not say whether the token is valid')
  return { status: valid ? 200 : 401, imsValidation: { ...said, valid }, expiresAt: expiryOf(claims) }
}
