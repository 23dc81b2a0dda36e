import { digest } from '../digest.ts'
import { accessTokenType, exchangeGrant, tokenV4 } from '../ims/endpoints/token.ts'
import { badOption, checkOptions, type OptionNames } from '../options.ts'
import { userRenewal } from '../session/user-renewal.ts'
import { flowId, requireText, type Scopes, scopeList } from './credentials.ts'
import type { MachineFlow } from './flow.ts'
import { invalidating } from './invalidating.ts'
import { requestGrant } from './request-grant.ts'
import { type Resource, resourceList } from './resource.ts'

export interface OnBehalfOfOptions {
  readonly clientId: string
  readonly clientSecret: string
  /**
   * The access token that the user sent to your API, after you verified it. A text and not a function, so that a client
   * has one user: create a client for each request, from one platform.
   */
  readonly userToken: string
  /** What your API needs of what the user's token and your credential both have. IMS requires at least one. */
  readonly scopes: Scopes
  /** The API that the token is for. */
  readonly resource?: Resource | undefined
}

const optionNames: OptionNames<OnBehalfOfOptions> = {
  clientId: 1,
  clientSecret: 1,
  userToken: 1,
  scopes: 1,
  resource: 1,
}

/**
 * A token with which your API calls Adobe as the user who called it (RFC 8693; `POST /ims/token/v4`). The claim `act` of
 * the token names your credential.
 *
 * @example
 * const flow = onBehalfOf({ clientId, clientSecret, userToken, scopes: ['openid', 'AdobeID'] })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential, or without scopes
 */
export function onBehalfOf(options: OnBehalfOfOptions): MachineFlow {
  checkOptions('onBehalfOf', options, optionNames)
  const { clientId, clientSecret, userToken } = options
  requireText('onBehalfOf', { clientId, clientSecret, userToken })
  const scopes = scopeList(options.scopes)
  if (scopes.length === 0) throw badOption('onBehalfOf needs at least one of scopes: IMS refuses an exchange without')
  const resource = resourceList('onBehalfOf', options.resource)
  return {
    kind: 'on_behalf_of',
    confidential: true,
    id: flowId('on_behalf_of', [clientId, scopes, ...resource]),
    clientId,
    scopes,
    invalidate: invalidating(clientId, () => clientSecret),
    renewal: userRenewal,
    identity: () => digest(userToken),
    async obtain(call) {
      const types = { subject_token_type: accessTokenType, requested_token_type: accessTokenType }
      const parameters = { subject_token: userToken, ...types, scope: scopes.join(',') }
      return requestGrant(call, {
        clientId,
        clientSecret,
        endpoint: tokenV4,
        grant: exchangeGrant,
        parameters,
        resource,
      })
    },
  }
}
