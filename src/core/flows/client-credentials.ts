import { tokenV3 } from '../ims/endpoints/token.ts'
import { isClientRefused } from '../ims/refusal.ts'
import { checkOptions, type OptionNames } from '../options.ts'
import { flowId, requireText, type Scopes, scopeList, secretList } from './credentials.ts'
import type { MachineFlow } from './flow.ts'
import { invalidating } from './invalidating.ts'
import { requestGrant } from './request-grant.ts'
import { type Resource, resourceList } from './resource.ts'

export interface ClientCredentialsOptions {
  readonly clientId: string
  /** One secret, or several while they are rotated: the next is tried when IMS rejects one. */
  readonly clientSecret: string | readonly string[]
  readonly scopes: Scopes
  /** `…@AdobeOrg`; needed if the credential serves more than one organization. */
  readonly orgId?: string | undefined
  /** The API that the token is for, or several. */
  readonly resource?: Resource | undefined
}

const optionNames: OptionNames<ClientCredentialsOptions> = {
  clientId: 1,
  clientSecret: 1,
  scopes: 1,
  orgId: 1,
  resource: 1,
}

/**
 * OAuth Server-to-Server: a token for the application itself (RFC 6749, section 4.4; `POST /ims/token/v3`).
 *
 * @example
 * const flow = clientCredentials({ clientId, clientSecret, scopes: ['openid', 'AdobeID'] })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function clientCredentials(options: ClientCredentialsOptions): MachineFlow {
  checkOptions('clientCredentials', options, optionNames)
  const { clientId, orgId } = options
  requireText('clientCredentials', { clientId, ...(orgId !== undefined && { orgId }) })
  const scopes = scopeList(options.scopes)
  const secrets = secretList('clientCredentials', options.clientSecret)
  const resource = resourceList('clientCredentials', options.resource)
  let working = 0
  return {
    kind: 'client_credentials',
    confidential: true,
    id: flowId('client_credentials', [clientId, orgId, scopes, ...resource]),
    clientId,
    orgId,
    scopes,
    invalidate: invalidating(clientId, () => secrets[working]),
    async obtain(call) {
      // IMS documents a comma between scopes here
      const parameters = { scope: scopes.join(','), ...(orgId !== undefined && { org_id: orgId }) }
      const request = { clientId, endpoint: tokenV3, grant: 'client_credentials', parameters, resource }
      for (let tried = 1; ; tried++) {
        try {
          return await requestGrant(call, { ...request, clientSecret: secrets[working] })
        } catch (error) {
          if (!isClientRefused(error) || tried >= secrets.length) throw error
          working = (working + 1) % secrets.length
        }
      }
    },
  }
}
