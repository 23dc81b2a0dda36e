import type { Call } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { type Issued, tokenResponse } from '../tokens/token-response.ts'
import { authenticateClient } from './client-authentication.ts'
import type { GrantRequest } from './grant-request.ts'
import { clientCredentialsGrant, clusterExchangeGrant, tokenExchangeGrant } from './machine-grants.ts'
import { promiseExchangeGrant, promiseGrant } from './promise-grants.ts'
import { authorizationCodeGrant, refreshTokenGrant } from './user-grants.ts'

interface GrantType {
  readonly answer: (request: GrantRequest) => Promise<Response>
  /** The first version of the endpoint that knows it. */
  readonly since: number
}

function issuing(issue: (request: GrantRequest) => Promise<Issued>): GrantType['answer'] {
  return async (request) => tokenResponse(await issue(request), request.call.version)
}

const grantTypes: Readonly<Record<string, GrantType>> = {
  authorization_code: { answer: issuing(authorizationCodeGrant), since: 0 },
  refresh_token: { answer: issuing(refreshTokenGrant), since: 0 },
  client_credentials: { answer: issuing(clientCredentialsGrant), since: 0 },
  cluster_at_exchange: { answer: issuing(clusterExchangeGrant), since: 2 },
  'urn:ietf:params:oauth:grant-type:token-exchange': { answer: issuing(tokenExchangeGrant), since: 4 },
  promise: { answer: promiseGrant, since: 4 },
  promise_exchange: { answer: promiseExchangeGrant, since: 4 },
}

/** `POST /ims/token[/v1|/v2|/v3|/v4]`. */
export async function tokenEndpoint(call: Call, provider: Provider): Promise<Response> {
  const name = call.params.get('grant_type')
  if (name === null) throw new Refusal(400, 'invalid_request', 'missing grant_type parameter')
  const grantType = Object.hasOwn(grantTypes, name) ? grantTypes[name] : undefined
  // The oldest dialect does not know Basic authentication
  const client = authenticateClient(call, provider, { allowBasic: call.version >= 2 })
  if (grantType === undefined || call.version < grantType.since) {
    const description =
      name === 'aux_sid_exchange'
        ? 'the emulator does not issue aux_sid cookies and cannot exchange them'
        : 'unsupported grant_type parameter'
    throw new Refusal(400, 'unsupported_grant_type', description)
  }
  return grantType.answer({ call, client, provider })
}
