import * as oauth from 'oauth4webapi'
import type { Call } from '../ims/call.ts'
import { clientAuth, oauthClient, tokenRequest } from '../ims/oauth.ts'
import type { Tokens } from '../ims/tokens.ts'

/** A token by a grant that is IMS's own, or a standard one in IMS's own way. */
export function genericGrant(
  call: Call,
  request: {
    clientId: string
    clientSecret: string | undefined
    path: string
    grant: string
    parameters: Record<string, string>
  },
): Promise<Tokens> {
  const { clientId, clientSecret, path, grant, parameters } = request
  const client = oauthClient(call, clientId)
  return tokenRequest(call, {
    path,
    ask: (as, options) =>
      oauth.genericTokenEndpointRequest(as, client, clientAuth(clientSecret), grant, parameters, options),
    read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
  })
}
