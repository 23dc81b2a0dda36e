import { digest } from '../digest.ts'
import { tokenV3For } from '../ims/endpoints/token.ts'
import { badOption, checkOptions, type OptionNames } from '../options.ts'
import { userRenewal } from '../session/user-renewal.ts'
import { flowId, requireText, type Scopes, scopeList } from './credentials.ts'
import type { MachineFlow } from './flow.ts'
import { invalidating } from './invalidating.ts'
import { requestGrant } from './request-grant.ts'
import { type Resource, resourceList } from './resource.ts'

export interface ClusterExchangeOptions {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** The user's current access token, or how to get it: `() => client.getToken()`. */
  readonly userToken: string | (() => Promise<string>)
  /** Names the user, so that no user gets the token of another. Default: a digest of `userToken`; needed with a function. */
  readonly user?: string | undefined
  /** The organization to switch to, `…@AdobeOrg`. Exactly one of `orgId` and `userId`. */
  readonly orgId?: string | undefined
  /** The profile to switch to. */
  readonly userId?: string | undefined
  /** Default: those of `userToken`. */
  readonly scopes?: Scopes | undefined
  /** The API that the token is for, or several. */
  readonly resource?: Resource | undefined
}

const optionNames: OptionNames<ClusterExchangeOptions> = {
  clientId: 1,
  clientSecret: 1,
  userToken: 1,
  user: 1,
  orgId: 1,
  userId: 1,
  scopes: 1,
  resource: 1,
}

/**
 * The same user in another organization or profile (`POST /ims/token/v3`, grant `cluster_at_exchange`).
 *
 * @example
 * const flow = clusterExchange({ clientId, userToken: () => client.getToken(), user: email, orgId })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential, or not exactly one of `orgId`, `userId`
 */
export function clusterExchange(options: ClusterExchangeOptions): MachineFlow {
  checkOptions('clusterExchange', options, optionNames)
  const { clientId, clientSecret, userToken, user, orgId, userId } = options
  requireText('clusterExchange', { clientId, ...(clientSecret !== undefined && { clientSecret }) })
  if (typeof userToken !== 'function') requireText('clusterExchange', { userToken })
  if ((orgId === undefined) === (userId === undefined)) {
    throw badOption('clusterExchange needs exactly one of orgId and userId')
  }
  requireText('clusterExchange', orgId === undefined ? { userId } : { orgId })
  if (typeof userToken === 'function') requireText('clusterExchange with a userToken function', { user })
  const scopes = scopeList(options.scopes)
  const resource = resourceList('clusterExchange', options.resource)
  const target = orgId === undefined ? { user_id: userId ?? '' } : { owning_org_id: orgId }
  return {
    kind: 'cluster_exchange',
    confidential: clientSecret !== undefined,
    id: flowId('cluster_exchange', [clientId, orgId, userId, scopes, ...resource]),
    clientId,
    orgId,
    scopes,
    invalidate: invalidating(clientId, () => clientSecret),
    renewal: userRenewal,
    identity: async () => user ?? digest(typeof userToken === 'string' ? userToken : await userToken()),
    async obtain(call) {
      const token = typeof userToken === 'string' ? userToken : await userToken()
      return requestGrant(call, {
        clientId,
        clientSecret,
        endpoint: tokenV3For(clientId),
        grant: 'cluster_at_exchange',
        parameters: { user_token: token, ...target, scope: scopes.join(',') },
        resource,
      })
    },
  }
}
