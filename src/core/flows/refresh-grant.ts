import * as oauth from 'oauth4webapi'
import type { Call } from '../ims/call.ts'
import { clientAuth, oauthClient, tokenRequest } from '../ims/oauth.ts'
import type { Tokens } from '../ims/tokens.ts'

/** Redeems a refresh token of any flow for new tokens: never requests more than `scopes`. */
export function refreshGrant(
  call: Call,
  client: {
    clientId: string
    clientSecret?: string | undefined
    scopes?: readonly string[]
    resource?: readonly string[]
  },
  token: string,
): Promise<Tokens> {
  const { clientId, clientSecret, scopes = [], resource = [] } = client
  const additionalParameters = resource.map((uri) => ['resource', uri])
  if (scopes.length > 0) additionalParameters.push(['scope', scopes.join(' ')])
  // made again for the answer, which brings the server's time
  const self = () => oauthClient(call, clientId)
  return tokenRequest(call, {
    ask: (as, request) =>
      oauth.refreshTokenGrantRequest(as, self(), clientAuth(clientSecret), token, { ...request, additionalParameters }),
    read: (as, response) => oauth.processRefreshTokenResponse(as, self(), response),
  })
}
