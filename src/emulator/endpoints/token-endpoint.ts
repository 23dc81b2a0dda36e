import type { Call } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { type Issued, tokenResponse } from '../tokens/token-response.ts'
import { authenticateClient } from './client-authentication.ts'
import type { GrantRequest } from './grant-request.ts'
import { clientCredentialsGrant, clusterExchangeGrant, tokenExchangeGrant } from './machine-grants.ts'
import { authorizationCodeGrant, refreshTokenGrant } from './user-grants.ts'

interface GrantType {
  readonly issue: (request: GrantRequest) => Promise<Issued>
  /** The first version of the endpoint that knows it. */
  readonly since: number
}

const grantTypes: Readonly<Record<string, GrantType>> = {
  authorization_code: { issue: authorizationCodeGrant, since: 0 },
  refresh_token: { issue: refreshTokenGrant, since: 0 },
  client_credentials: { issue: clientCredentialsGrant, since: 0 },
  cluster_at_exchange: { issue: clusterExchangeGrant, since: 3 },
  'urn:ietf:params:oauth:grant-type:token-exchange': { issue: tokenExchangeGrant, since: 4 },
}

/** `POST /ims/token[/v1|/v2|/v3|/v4]`. */
export async function tokenEndpoint(call: Call, provider: Provider): Promise<Response> {
  const name = call.params.get('grant_type')
  if (name === null) throw new Refusal(400, 'invalid_request', 'missing grant_type parameter')
  const grantType = Object.hasOwn(grantTypes, name) ? grantTypes[name] : undefined
  // The oldest dialect does not know Basic authentication
  const client = authenticateClient(call, provider, { allowBasic: call.version >= 2 })
  if (grantType === undefined || call.version < grantType.since) {
    throw new Refusal(400, 'unsupported_grant_type', 'unsupported grant_type parameter')
  }
  return tokenResponse(await grantType.issue({ call, client, provider }), call.version)
}
