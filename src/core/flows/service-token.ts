import * as oauth from 'oauth4webapi'
import { digest } from '../digest.ts'
import { paths } from '../ims/environment.ts'
import { invalidating } from '../ims/invalidate-token.ts'
import { clientAuth, oauthClient, tokenRequest } from '../ims/oauth.ts'
import { flowId, requireText } from './credentials.ts'
import type { SilentFlow } from './flow.ts'

export interface ServiceTokenOptions {
  readonly clientId: string
  readonly clientSecret: string
  /** The permanent authorization code of the service client. */
  readonly code: string
}

/**
 * A service token from a permanent authorization code (`POST /ims/token/v2`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function serviceToken({ clientId, clientSecret, code }: ServiceTokenOptions): SilentFlow {
  requireText('serviceToken', { clientId, clientSecret, code })
  return {
    kind: 'service_token',
    confidential: true,
    id: flowId('service_token', [clientId]),
    clientId,
    scopes: [],
    invalidate: invalidating(clientId, () => clientSecret),
    identity: () => digest(code),
    obtain(call) {
      const client = oauthClient(call, clientId)
      return tokenRequest(call, {
        path: paths.tokenV2,
        ask: (as, request) =>
          oauth.genericTokenEndpointRequest(
            as,
            client,
            clientAuth(clientSecret),
            'authorization_code',
            { code },
            request,
          ),
        read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
      })
    },
  }
}
