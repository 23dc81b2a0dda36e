import type { EmulatorCall } from '../http/call.ts'
import type { Provider } from '../provider.ts'
import { findBearer } from './bearer.ts'

const gatewayError = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
  Response.json({ error_code: code, message }, { status, headers })

/**
 * `GET|POST /api/echo`: stands for any Adobe API behind the gateway. It wants a bearer token and the client id as
 * `x-api-key`, refuses in the gateway's own format, and says whose token it saw.
 */
export function echoEndpoint(call: EmulatorCall, provider: Provider): Response {
  if (!call.headers.has('authorization')) {
    return gatewayError(401, '401010', 'Oauth token is missing', { 'www-authenticate': 'Bearer' })
  }
  const token = findBearer(call, provider)
  if (token === undefined) {
    const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }
    return gatewayError(401, '401013', 'Oauth token is not valid', challenge)
  }
  const { client, subject } = token.authorization
  if (call.headers.get('x-api-key') !== client.clientId) {
    return gatewayError(403, '403003', 'Api Key is invalid')
  }
  return Response.json({
    method: call.method,
    client_id: client.clientId,
    user_id: subject.userId,
    scopes: token.scopes,
    org_id: call.headers.get('x-gw-ims-org-id'),
  })
}
