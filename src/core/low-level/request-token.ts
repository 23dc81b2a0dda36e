import * as oauth from 'oauth4webapi'
import { requireText } from '../flows/credentials.ts'
import { clientAuth, oauthClient, tokenExchange } from '../ims/oauth.ts'
import { form, type Parameters } from '../ims/request-parameters.ts'
import { type TokenResult, tokenResult } from '../low-level/token-result.ts'
import { type Connection, callWith } from '../setup.ts'

/** A client's name and proof. Public clients have no secret. */
export interface ClientCredential {
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

/** One token request of the low-level API. */
export interface TokenRequest {
  /** `grant_type` */
  readonly grant: string
  readonly parameters: Parameters
  /** Token endpoint to use instead of v3. */
  readonly path?: string
  /** Unit of `expires_in` at that endpoint; default seconds. */
  readonly unit?: 's' | 'ms'
  /** Sent once only. */
  readonly once?: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks a token endpoint as `client`.
 *
 * @throws {ConfigurationError} `BAD_OPTION` without a client id
 */
export async function requestToken(
  connection: Connection,
  { clientId, clientSecret }: ClientCredential,
  { grant, parameters, signal, ...exchange }: TokenRequest,
): Promise<TokenResult> {
  requireText(grant, { clientId })
  const call = callWith(connection, signal)
  const client = oauthClient(call, clientId)
  const proof = clientAuth(clientSecret || undefined)
  const { tokens, body } = await tokenExchange(call, {
    ...exchange,
    ask: (as, options) => oauth.genericTokenEndpointRequest(as, client, proof, grant, form(parameters), options),
    read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
  })
  return tokenResult(tokens, body ?? {})
}
