import * as oauth from 'oauth4webapi'
import type { Call } from '../ims/call.ts'
import type { TokenEndpoint } from '../ims/endpoints/token.ts'
import { clientAuth, oauthClient, tokenRequest } from '../ims/oauth.ts'
import type { Tokens } from '../ims/tokens.ts'

export interface GenericGrantRequest {
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly endpoint: TokenEndpoint
  /** `grant_type` */
  readonly grant: string
  readonly parameters: Record<string, string>
  /** Absolute URIs (RFC 8707), each sent as its own `resource`. */
  readonly resource?: readonly string[]
}

/** Requests a token by a grant that needs no user at a page. */
export function genericGrant(call: Call, request: GenericGrantRequest): Promise<Tokens> {
  const { clientId, clientSecret, endpoint, grant, resource = [] } = request
  const parameters = [...Object.entries(request.parameters), ...resource.map((uri) => ['resource', uri])]
  const client = oauthClient(call, clientId)
  return tokenRequest(call, {
    endpoint,
    ask: (as, options) =>
      oauth.genericTokenEndpointRequest(as, client, clientAuth(clientSecret), grant, parameters, options),
    read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
  })
}
