import { type Call, urlOf } from '../call.ts'
import { send } from '../http.ts'
import { form } from '../request-parameters.ts'

/** The kinds of token that IMS invalidates. */
export type InvalidatedType = 'access_token' | 'refresh_token' | 'device_token' | 'service_token' | 'promise_token'

/** A token to invalidate, its type, and the client that it belongs to. */
export interface TokenInvalidation {
  readonly token: string
  readonly type: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

export const invalidateTokenPath = '/ims/invalidate_token/v2'

/**
 * Invalidates a token (`POST /ims/invalidate_token/v2`); with a refresh or device token also the tokens issued for it.
 *
 * @returns what IMS answered: an empty text
 * @throws {ImsResponseError} `HTTP_ERROR`
 */
export async function requestInvalidation(
  call: Call,
  { token, type, clientId, clientSecret }: TokenInvalidation,
): Promise<string> {
  const cascading = type === 'refresh_token' || type === 'device_token' ? 'all' : undefined
  const body = form({ token, client_id: clientId, client_secret: clientSecret, token_type: type, cascading })
  const headers = { 'x-ims-clientid': clientId }
  return (await send(call, { url: urlOf(call, invalidateTokenPath), method: 'POST', body, headers })).text
}
