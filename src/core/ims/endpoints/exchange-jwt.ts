import { parseObject } from '../../json.ts'
import { type Call, urlOf } from '../call.ts'
import { send } from '../http.ts'
import { malformed, refusalInside } from '../response-error.ts'
import { spelledOut, tokensFrom } from '../token-response.ts'
import type { Tokens } from '../tokens.ts'

// for the assertion's own times, beside what sends it
export { serverNow } from '../server-clock.ts'

// not among the paths of all: who signs no assertion has no need of it in a bundle
const path = '/ims/exchange/jwt'

/**
 * Exchanges a signed assertion (`POST /ims/exchange/jwt`). Unlike the token endpoint it answers `expires_in` in ms.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`, `IMS_MALFORMED`
 */
export async function exchangeAssertion(
  call: Call,
  body: URLSearchParams,
): Promise<{ tokens: Tokens; answer: Readonly<Record<string, unknown>> }> {
  const request = { url: urlOf(call, path), method: 'POST', body }
  const answer = await send(call, request)
  const parsed = parseObject(answer.text)
  const token = parsed?.access_token
  if (parsed === undefined || typeof token !== 'string' || token === '')
    throw refusalInside(call, request, answer) ?? malformed(request, answer, 'the answer has no access_token')
  const whole = spelledOut(parsed)
  const type = whole.token_type
  if (type !== undefined && String(type).toLowerCase() !== 'bearer') {
    throw malformed(request, answer, 'the token is of a type that is not bearer')
  }
  const tokens = tokensFrom(call, { ...whole, access_token: token }, { unit: 'ms', sentAt: answer.sentAt })
  if (tokens === undefined) throw malformed(request, answer, 'expires_in is no positive number')
  return { tokens, answer: parsed }
}
