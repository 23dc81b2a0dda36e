import { decodeJwt } from 'jose/jwt/decode'
import { requireParameter } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { narrowScopes, parseScopes, requireClientScopes } from '../registry/scopes.ts'
import { mintAccessToken, mintPromiseToken } from '../tokens/mint.ts'
import { tokenId } from '../tokens/token-id.ts'
import { type IssuedToken, isExpired, type TokenType } from '../tokens/token-ledger.ts'
import { reportedLifetime } from '../tokens/token-response.ts'
import { requireGrant } from './client-authentication.ts'
import type { GrantRequest } from './grant-request.ts'

/** The lifetime of an access token from a promise token, in ms: IMS reports `expires_in` 299. */
const exchangedLifetime = 300_000

// IMS answers 401 to a token that is invalid, used or expired (adobe/spacecat-shared, promise-token-session.js)
function requireUsable(provider: Provider, value: string | null, type: TokenType): IssuedToken {
  const token = value === null ? undefined : provider.tokens.find(value)
  const usable = token?.type === type && !token.revoked && !token.used && !isExpired(token, provider.clock.now())
  if (!usable) throw new Refusal(401, 'invalid_token', `the ${type} is invalid, used or expired`)
  return token
}

function reply(body: Record<string, unknown>): Response {
  return Response.json(body, { headers: { 'cache-control': 'no-store' } })
}

/** `promise`: the emitter exchanges a user's access token for a promise token, which a consumer redeems later. */
export async function grantPromise(request: GrantRequest): Promise<Response> {
  const { call, client, provider } = request
  requireGrant(client, 'promise')
  const definitionId = requireParameter(call, 'promise_definition_id')
  if (definitionId !== client.promise?.definitionId) {
    throw new Refusal(400, 'invalid_request', 'invalid promise_definition_id parameter')
  }
  const value = requireParameter(call, 'authenticating_token')
  const { authorization, scopes } = requireUsable(provider, value, 'access_token')
  const { subject } = authorization
  if (subject.kind !== 'user') {
    throw new Refusal(401, 'invalid_token', 'the authenticating_token is not the token of a user')
  }
  const requested = parseScopes(call.params.get('scope'))
  const granted = requested.length > 0 ? requested : scopes
  requireClientScopes(client, granted)
  // a promise token outlives the session of its user, so it has its own session id
  const sessionId = tokenId(provider.clock.now())
  const promised = { client, subject, scopes: granted, sessionId }
  const token = await mintPromiseToken(provider, promised, provider.lifetimes.promiseToken)
  return reply({
    promise_token: token.value,
    token_type: 'promise_token',
    scope: granted.join(','),
    expires_in: reportedLifetime(token, call.version),
  })
}

/**
 * `promise_exchange`: the consumer redeems a promise token for a short-lived access token. A promise token works once;
 * the answer has the next one, which expires when the first one would have.
 */
export async function grantPromiseExchange(request: GrantRequest): Promise<Response> {
  const { call, client, provider } = request
  requireGrant(client, 'promise_exchange')
  const token = requireUsable(provider, requireParameter(call, 'promise_token'), 'promise_token')
  const { authorization } = token
  if (authorization.client.promise?.definitionId !== client.promise?.definitionId) {
    throw new Refusal(401, 'invalid_token', 'the promise_token belongs to another promise definition')
  }
  const scopes = narrowScopes(token.scopes, parseScopes(call.params.get('scope')))
  requireClientScopes(client, scopes)
  token.used = true
  const left = token.createdAt + token.expiresIn - provider.clock.now()
  const next = await mintPromiseToken(provider, authorization, left)
  const { subject, sessionId } = authorization
  const granted = { client, subject, scopes, sessionId }
  const access = await mintAccessToken(provider, granted, { lifetime: exchangedLifetime })
  return reply({
    access_token: access.value,
    promise_token: next.value,
    promise_token_id: decodeJwt(next.value).id,
    token_type: 'access_token',
    scope: scopes.join(','),
    expires_in: reportedLifetime(access, call.version),
    promise_token_expires_in: reportedLifetime(next, call.version),
  })
}
