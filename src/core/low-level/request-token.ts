import * as oauth from 'oauth4webapi'
import { requireText } from '../flows/credentials.ts'
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
  { grant, parameters, ...exchange }: TokenRequest,
): Promise<TokenResult> {
  requireText(grant, { clientId })
  const client = oauthClient(call, clientId)
  const proof = clientAuth(clientSecret || undefined)
  const { tokens, body } = await tokenExchange(call, {
    ...exchange,
    ask: (as, options) => oauth.genericTokenEndpointRequest(as, client, proof, grant, form(parameters), options),
    read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
  })
  return tokenResult(tokens, body ?? {})
}
