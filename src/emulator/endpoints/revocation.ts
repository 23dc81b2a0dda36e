import type { Call } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { IssuedToken } from '../tokens/token-ledger.ts'
import { authenticateClient, checkSecret, requireClient } from './client-authentication.ts'

const empty = () => new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })

function matchesTokenType(token: IssuedToken, type: string): boolean {
  if (type !== 'service_token') return token.type === type
  return token.type === 'access_token' && token.authorization.subject.kind === 'service'
}

/**
 * `POST /ims/invalidate_token/v2`. The secret is optional but for service tokens; `cascading=all` on a refresh token
 * also invalidates what came from it. The answer is a 200 without a body.
 */
export function invalidateToken(call: Call, provider: Provider): Response {
  const { params, headers } = call
  const client = requireClient(provider, params.get('client_id') ?? headers.get('x-ims-clientid'))
  const secret = params.get('client_secret')
  const type = params.get('token_type')
  if (type === null) throw new Refusal(400, 'invalid_request', 'missing token_type parameter')
  if (secret !== null || type === 'service_token') checkSecret(client, secret)
  const token = provider.tokens.find(params.get('token') ?? '')
  if (token?.authorization.client.clientId !== client.clientId || !matchesTokenType(token, type)) {
    throw new Refusal(400, 'invalid_token', 'the token was not issued to this client or is of another type')
  }
  token.revoked = true
  if (type === 'refresh_token' && params.get('cascading') === 'all') provider.tokens.revokeFamily(token.authorization)
  return empty()
}

/** `POST /ims/revoke` (RFC 7009): a refresh token takes its access tokens along; an unknown token is no error. */
export function revokeToken(call: Call, provider: Provider): Response {
  const client = authenticateClient(call, provider)
  const value = call.params.get('token')
  if (value === null) throw new Refusal(400, 'invalid_request', 'missing token parameter')
  const token = provider.tokens.find(value)
  if (token?.authorization.client.clientId === client.clientId) {
    token.revoked = true
    if (token.type === 'refresh_token') provider.tokens.revokeFamily(token.authorization)
  }
  return empty()
}
