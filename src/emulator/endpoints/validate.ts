import { decodeJwt } from 'jose/jwt/decode'
import { bearerToken, type EmulatorCall } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import { type IssuedToken, isExpired } from '../tokens/token-ledger.ts'
import { requireClient } from './client-authentication.ts'

// a token that this emulator did not issue has another signature, or is not a token
function reasonUnknown(value: string): string {
  try {
    decodeJwt(value)
    return 'bad_signature'
  } catch {
    return 'bad_payload'
  }
}

function reasonInvalid(
  token: IssuedToken,
  client: RegisteredClient,
  { type, now }: { type: string | null; now: number },
) {
  if (token.type !== type) return 'bad_token_type'
  if (token.authorization.client.clientId !== client.clientId) return 'bad_client_id'
  if (token.revoked || token.used) return 'revoked'
  return isExpired(token, now) ? 'expired' : undefined
}

/**
 * `/ims/validate_token/v1`: the token is a bearer token or the parameter `token`. The answer is always 200, and does not
 * contain the scopes of the token.
 */
export function validateTokenEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { params, headers } = call
  const client = requireClient(provider, params.get('client_id') ?? headers.get('x-ims-clientid'))
  const value = params.get('token') ?? bearerToken(headers)
  if (value === undefined) throw new Refusal(400, 'invalid_request', 'missing token parameter')
  const token = provider.tokens.find(value)
  const at = { type: params.get('type'), now: provider.clock.now() }
  const reason = token === undefined ? reasonUnknown(value) : reasonInvalid(token, client, at)
  if (token === undefined || reason !== undefined) return Response.json({ valid: false, reason })
  const { userId, orgId } = token.authorization.subject
  return Response.json({
    valid: true,
    token: {
      client_id: client.clientId,
      user_id: userId,
      ...(orgId !== undefined && { org: orgId }),
      type: token.type,
      created_at: String(token.createdAt),
      expires_in: String(token.expiresIn),
    },
  })
}
