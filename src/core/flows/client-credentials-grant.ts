import * as oauth from 'oauth4webapi'
import type { Call } from '../ims/call.ts'
import { clientAuth, oauthClient, tokenRequest } from '../ims/oauth.ts'
import type { Tokens } from '../ims/tokens.ts'

/** A token for the application itself, with one of its secrets. */
export function clientCredentialsGrant(
  call: Call,
  credential: {
    clientId: string
    clientSecret: string | undefined
    scopes: readonly string[]
    orgId: string | undefined
  },
): Promise<Tokens> {
  const { clientId, clientSecret, scopes, orgId } = credential
  // IMS documents a comma between scopes here
  const parameters = { scope: scopes.join(','), ...(orgId !== undefined && { org_id: orgId }) }
  const client = oauthClient(call, clientId)
  return tokenRequest(call, {
    ask: (as, request) =>
      oauth.clientCredentialsGrantRequest(as, client, clientAuth(clientSecret), parameters, request),
    read: (as, response) => oauth.processClientCredentialsResponse(as, client, response),
  })
}
