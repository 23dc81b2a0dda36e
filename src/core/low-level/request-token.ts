import * as oauth from 'oauth4webapi'
import { requireText } from '../flows/credentials.ts'
import { type Resource, resourceList } from '../flows/resource.ts'
import type { Call } from '../ims/call.ts'
import type { TokenEndpoint } from '../ims/endpoints/token.ts'
import { clientAuth, oauthClient, tokenExchange } from '../ims/oauth.ts'
import { form, type RequestParameters } from '../ims/request-parameters.ts'
import { type TokenResult, tokenResult } from './token-result.ts'

/** A client's ID and secret. Public clients have no secret. */
export interface ClientCredential {
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

/** One token request of the low-level API. */
export interface TokenRequest {
  /** `grant_type` */
  readonly grant: string
  readonly parameters: RequestParameters
  readonly resource?: Resource | undefined
  /** Default: v3. */
  readonly endpoint?: TokenEndpoint
  /** Whether the request is never repeated. */
  readonly once?: boolean
}

/**
 * Requests tokens as a client.
 *
 * @throws {ConfigurationError} `BAD_OPTION` without a client id
 */
export async function requestToken(
  call: Call,
  { clientId, clientSecret }: ClientCredential,
  { grant, parameters, resource, ...exchange }: TokenRequest,
): Promise<TokenResult> {
  requireText(grant, { clientId })
  const body = form(parameters)
  for (const uri of resourceList(grant, resource)) body.append('resource', uri)
  const client = oauthClient(call, clientId)
  const proof = clientAuth(clientSecret || undefined)
  const { tokens, body: answer } = await tokenExchange(call, {
    ...exchange,
    ask: (as, options) => oauth.genericTokenEndpointRequest(as, client, proof, grant, body, options),
    read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
  })
  return tokenResult(tokens, answer ?? {})
}
