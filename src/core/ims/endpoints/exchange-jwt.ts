import { parseObject } from '../../json.ts'
import { type Call, urlOf } from '../call.ts'
import { send } from '../http.ts'
import { malformed, refusalInside } from '../response-error.ts'
import { spelledOut, tokensFrom } from '../token-response.ts'
import type { Tokens } from '../tokens.ts'

export const exchangeJwtPath = '/ims/exchange/jwt'

/**
 * Exchanges a signed assertion for an access token (`POST /ims/exchange/jwt`). `expires_in` is in ms, unlike at the
 * token endpoint.
 *
 * @returns the tokens, and the JSON that IMS answered
 * @throws {ImsResponseError} `HTTP_ERROR`, `IMS_MALFORMED`
 */
export async function exchangeJwt(
  call: Call,
  client: { readonly clientId: string; readonly clientSecret: string; readonly assertion: string },
): Promise<{ tokens: Tokens; answer: Readonly<Record<string, unknown>> }> {
  const { clientId, clientSecret, assertion } = client
  const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, jwt_token: assertion })
  const request = { url: urlOf(call, exchangeJwtPath), method: 'POST', body }
  const answer = await send(call, request)
  const parsed = parseObject(answer.text)
  const token = parsed?.access_token
  if (parsed === undefined || typeof token !== 'string' || token === '')
    throw refusalInside(call, request, answer) ?? malformed(request, answer, 'the answer has no access_token')
  const response = spelledOut(parsed)
  const type = response.token_type
  if (type !== undefined && String(type).toLowerCase() !== 'bearer')
    throw malformed(request, answer, 'token_type is not bearer')
  const tokens = tokensFrom(call, { ...response, access_token: token }, { unit: 'ms', sentAt: answer.sentAt })
  if (tokens === undefined) throw malformed(request, answer, 'expires_in is not a positive number')
  return { tokens, answer: parsed }
}
