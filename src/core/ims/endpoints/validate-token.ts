import { parseObject } from '../../json.ts'
import { type Call, urlOf } from '../call.ts'
import { send } from '../http.ts'
import { isTokenRefused } from '../refusal.ts'
import { bearer, form } from '../request-parameters.ts'
import { malformed } from '../response-error.ts'

export const validateTokenPath = '/ims/validate_token/v1'

/** Whether a token is valid, with what else IMS says about it. */
export interface Verdict {
  readonly valid: boolean
  /** Why not. */
  readonly reason?: string
  readonly [member: string]: unknown
}

/**
 * Asks IMS whether `token` is valid for a client (`POST /ims/validate_token/v1`). A token that IMS refuses is invalid.
 *
 * @throws {ImsResponseError} `HTTP_ERROR` if IMS refuses something other than the token; `IMS_MALFORMED` for an answer
 *   without a verdict
 */
export async function validateToken(
  call: Call,
  token: string,
  { type, clientId }: { readonly type: string; readonly clientId: string },
): Promise<Verdict> {
  const body = form({ type, client_id: clientId })
  const request = { url: urlOf(call, validateTokenPath), method: 'POST', headers: bearer(token), body }
  try {
    const answer = await send(call, request)
    const verdict = parseObject(answer.text)
    const valid = verdict?.valid
    // an answer without a verdict must not be cached as a refusal
    if (typeof valid !== 'boolean')
      throw malformed(request, answer, 'the answer does not say whether the token is valid')
    return { ...verdict, valid } as Verdict
  } catch (error) {
    if (isTokenRefused(error)) return { valid: false, reason: error.imsError }
    throw error
  }
}
