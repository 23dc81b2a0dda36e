import { type Call, send } from './call.ts'
import { paths } from './paths.ts'

/** The kinds of token that IMS invalidates. */
export type InvalidatedType = 'access_token' | 'refresh_token' | 'device_token' | 'service_token' | 'promise_token'

/**
 * Ends a token at IMS (`POST /ims/invalidate_token/v2`); with a refresh or device token also what came from it.
 *
 * @returns what IMS answered: an empty text
 * @throws {ImsResponseError} `HTTP_ERROR`
 */
export async function invalidateAtIms(
  call: Call,
  what: { token: string; type: string; clientId: string; clientSecret?: string | undefined },
): Promise<string> {
  const { token, type, clientId, clientSecret } = what
  const cascades = type === 'refresh_token' || type === 'device_token'
  const body = new URLSearchParams({ token_type: type, token, client_id: clientId })
  if (cascades) body.set('cascading', 'all')
  if (clientSecret !== undefined) body.set('client_secret', clientSecret)
  return (await send(call, { url: call.endpoint + paths.invalidateToken, method: 'POST', body })).text
}
