import { decodeJwt } from 'jose/jwt/decode'
import { type EmulatorCall, requireParameter } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import type { IssuedToken } from '../tokens/token-ledger.ts'
import { authenticateClient, checkSecret, requireClient } from './client-authentication.ts'

const empty = () => new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })

/** Whether `client` may invalidate `token`: it was issued to it, or belongs to its promise definition. */
function belongsTo({ type, authorization }: IssuedToken, client: RegisteredClient): boolean {
  const { clientId, promise } = authorization.client
  if (clientId === client.clientId) return true
  return type === 'promise_token' && promise !== undefined && promise.definitionId === client.promise?.definitionId
}

function matchesTokenType(token: IssuedToken, type: string): boolean {
  if (type !== 'service_token') return token.type === type
  return token.type === 'access_token' && token.authorization.subject.kind === 'service'
}

/**
 * `POST /ims/invalidate_token/v2`. The secret is required for service tokens only; `cascading=all` on a refresh token
 * also invalidates the tokens issued from it. The answer is 200 without a body.
 */
export function invalidateTokenEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { params, headers } = call
  const client = requireClient(provider, params.get('client_id') ?? headers.get('x-ims-clientid'))
  const secret = params.get('client_secret')
  const type = requireParameter(call, 'token_type')
  if (secret !== null || type === 'service_token') checkSecret(client, secret)
  const token = provider.tokens.find(params.get('token') ?? '')
  if (token === undefined || !belongsTo(token, client) || !matchesTokenType(token, type)) {
    throw new Refusal(400, 'invalid_token', 'the token was not issued to this client or is of another type')
  }
  token.revoked = true
  if (type === 'refresh_token' && params.get('cascading') === 'all') provider.tokens.revokeFamily(token.authorization)
  return empty()
}

// IMS rejects tokens of another environment, which are JWTs of another issuer
function isForeignToken(value: string): boolean {
  try {
    return typeof decodeJwt(value).type === 'string'
  } catch {
    return false
  }
}

/**
 * `POST /ims/revoke` (RFC 7009): revoking a refresh token revokes its access tokens. A token of another client or
 * another environment is rejected (ai-ecoverse/slicc#2975); text that is not an IMS token is accepted. `token_type_hint`
 * is ignored.
 */
export function revokeEndpoint(call: EmulatorCall, provider: Provider): Response {
  const client = authenticateClient(call, provider)
  const value = requireParameter(call, 'token')
  const token = provider.tokens.find(value)
  if (token === undefined ? isForeignToken(value) : !belongsTo(token, client)) {
    throw new Refusal(400, 'invalid_token', 'the token was not issued to this client')
  }
  if (token === undefined) return empty()
  token.revoked = true
  if (token.type === 'refresh_token') provider.tokens.revokeFamily(token.authorization)
  return empty()
}
