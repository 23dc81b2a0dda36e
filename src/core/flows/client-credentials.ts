import * as oauth from 'oauth4webapi'
import { ImsResponseError } from '../errors.ts'
import { invalidating } from '../ims/invalidate-token.ts'
import { clientAuth, oauthClient, tokenRequest } from '../ims/oauth.ts'
import { flowId, requireText, type Scopes, scopeList, secretList } from './credentials.ts'
import type { SilentFlow } from './flow.ts'

export interface ClientCredentialsOptions {
  readonly clientId: string
  /** One secret, or several while they are rotated: the next is tried when IMS rejects one. */
  readonly clientSecret: string | readonly string[]
  readonly scopes: Scopes
  /** `…@AdobeOrg`; needed where the credential serves more than one organization. */
  readonly orgId?: string | undefined
}

/**
 * OAuth Server-to-Server: a token for the application itself (RFC 6749, section 4.4; `POST /ims/token/v3`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function clientCredentials(options: ClientCredentialsOptions): SilentFlow {
  const { clientId, orgId } = options
  requireText('clientCredentials', { clientId, ...(orgId !== undefined && { orgId }) })
  const scopes = scopeList(options.scopes)
  const secrets = secretList('clientCredentials', options.clientSecret)
  let working = 0
  return {
    kind: 'client_credentials',
    confidential: true,
    id: flowId('client_credentials', [clientId, orgId, scopes]),
    clientId,
    orgId,
    scopes,
    invalidate: invalidating(clientId, () => secrets[working]),
    async obtain(call) {
      // IMS documents a comma between scopes here
      const parameters = { scope: scopes.join(','), ...(orgId !== undefined && { org_id: orgId }) }
      const client = oauthClient(call, clientId)
      const withSecret = (index: number) =>
        tokenRequest(call, {
          ask: (as, request) =>
            oauth.clientCredentialsGrantRequest(as, client, clientAuth(secrets[index]), parameters, request),
          read: (as, response) => oauth.processClientCredentialsResponse(as, client, response),
        })
      for (let tried = 1; ; tried++) {
        try {
          return await withSecret(working)
        } catch (error) {
          const rejected = error instanceof ImsResponseError && error.imsError === 'invalid_client'
          if (!rejected || tried >= secrets.length) throw error
          working = (working + 1) % secrets.length
        }
      }
    },
  }
}
