import type { EmulatorCall } from '../http/call.ts'
import type { Provider } from '../provider.ts'
import { findBearer } from './bearer.ts'

interface GatewayError {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly challenge?: string
}

const gatewayError = ({ status, code, message, challenge }: GatewayError) =>
  Response.json(
    { error_code: code, message },
    { status, headers: challenge === undefined ? {} : { 'www-authenticate': challenge } },
  )

/**
 * `GET|POST /api/echo`: a sample of an Adobe API behind the gateway. It requires a bearer token and the client id as
 * `x-api-key`, returns errors in the gateway's format, and otherwise the user and the client of the token.
 */
export function echoEndpoint(call: EmulatorCall, provider: Provider): Response {
  const refused = (error: GatewayError): Response => {
    call.notes.push(`${error.code}: ${error.message}`)
    return gatewayError(error)
  }
  if (!call.headers.has('authorization')) {
    return refused({ status: 401, code: '401010', message: 'Oauth token is missing', challenge: 'Bearer' })
  }
  const token = findBearer(call, provider)
  if (token === undefined) {
    const challenge = 'Bearer error="invalid_token"'
    return refused({ status: 401, code: '401013', message: 'Oauth token is not valid', challenge })
  }
  const { client, subject } = token.authorization
  if (call.headers.get('x-api-key') !== client.clientId) {
    return refused({ status: 403, code: '403003', message: 'Api Key is invalid' })
  }
  return Response.json({
    method: call.method,
    client_id: client.clientId,
    user_id: subject.userId,
    scopes: token.scopes,
    org_id: call.headers.get('x-gw-ims-org-id'),
  })
}
