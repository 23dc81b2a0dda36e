import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { narrowScopes, parseScopes, requireClientScopes } from '../registry/scopes.ts'
import { machineAccount, type TokenSubject } from '../registry/users.ts'
import { mintAccessToken } from '../tokens/mint.ts'
import { tokenId } from '../tokens/token-id.ts'
import { type IssuedToken, isExpired } from '../tokens/token-ledger.ts'
import type { Issued } from '../tokens/token-response.ts'
import { requireGrant } from './client-authentication.ts'
import type { GrantRequest } from './grant-request.ts'

/** `client_credentials`: a token for the client's technical account. */
export async function grantClientCredentials({ call, client, provider }: GrantRequest): Promise<Issued> {
  requireGrant(client, 'client_credentials')
  const orgId = call.params.get('org_id') ?? client.orgId
  if (orgId === undefined) throw new Refusal(400, 'invalid_request', 'missing org_id parameter')
  if (client.orgId !== undefined && orgId !== client.orgId) {
    throw new Refusal(400, 'access_denied', 'the client does not belong to this organization')
  }
  const scopes = parseScopes(call.params.get('scope'))
  // Adobe documents the parameter as mandatory; the error for a missing one is not public
  if (scopes.length === 0) {
    throw new Refusal(400, 'invalid_scope', 'missing scope parameter: IMS requires the scopes of the credential')
  }
  requireClientScopes(client, scopes)
  const userId = client.technicalAccountId ?? `${client.clientId}@techacct.adobe.com`
  const email = client.technicalAccountEmail ?? userId
  const subject = machineAccount({ kind: 'technical', userId, email, orgId })
  const sessionId = tokenId(provider.clock.now())
  return { access: await mintAccessToken(provider, { client, subject, scopes, sessionId }) }
}

function requireUserToken(provider: Provider, value: string | null): IssuedToken {
  const token = value === null ? undefined : provider.tokens.find(value)
  const usable = token?.type === 'access_token' && !token.revoked && !isExpired(token, provider.clock.now())
  if (!usable) throw new Refusal(400, 'invalid_token', 'the user token is invalid')
  if (token.authorization.subject.kind !== 'user') {
    throw new Refusal(400, 'invalid_token', 'a token of a user is required')
  }
  return token
}

function switchProfile(subject: TokenSubject, userId: string | null, orgId: string | null): TokenSubject {
  if ((userId === null) === (orgId === null)) {
    throw new Refusal(400, 'invalid_request', 'exactly one of user_id and owning_org_id is required')
  }
  if (userId === subject.accountId) {
    const { orgId: _, ...personal } = subject
    return { ...personal, userId }
  }
  const target = subject.organizations.find((profile) => profile.userId === userId || profile.id === orgId)
  if (target === undefined) throw new Refusal(400, 'access_denied', 'the user has no such profile')
  return { ...subject, userId: target.userId, orgId: target.id }
}

/** `cluster_at_exchange`: a token of the same user in another organization. */
export async function grantClusterExchange({ call, client, provider }: GrantRequest): Promise<Issued> {
  const { params } = call
  const { authorization, scopes } = requireUserToken(provider, params.get('user_token'))
  if (authorization.client.clientId !== client.clientId) {
    throw new Refusal(400, 'invalid_token', 'the user token was issued to another client')
  }
  const subject = switchProfile(authorization.subject, params.get('user_id'), params.get('owning_org_id'))
  const narrowed = narrowScopes(scopes, parseScopes(params.get('scope')))
  return { access: await mintAccessToken(provider, { ...authorization, subject, scopes: narrowed }) }
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** RFC 8693 token exchange: the client acts on behalf of the user; the chain of actors is in `act`. */
export async function grantTokenExchange({ call, client, provider }: GrantRequest): Promise<Issued> {
  const { params } = call
  if (client.isPublic) throw new Refusal(400, 'unauthorized_client', 'token exchange needs a confidential client')
  if (params.get('subject_token_type') !== accessTokenType || params.get('requested_token_type') !== accessTokenType) {
    throw new Refusal(400, 'invalid_request', 'only access tokens can be exchanged')
  }
  const { authorization, scopes } = requireUserToken(provider, params.get('subject_token'))
  const wanted = narrowScopes(scopes, parseScopes(params.get('scope')))
  requireClientScopes(client, wanted)
  const previous = authorization.actor
  const actor = { client_id: client.clientId, ...(previous === undefined ? {} : { act: previous }) }
  return { access: await mintAccessToken(provider, { ...authorization, client, scopes: wanted, actor }) }
}
