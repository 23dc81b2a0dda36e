import { digest } from '../digest.ts'
import type { Call } from '../ims/call.ts'
import { defined } from '../json.ts'
import { lazy } from '../lazy.ts'
import { checkOptions, type OptionNames } from '../options.ts'
import { refreshRenewal } from '../session/refresh-renewal.ts'
import { flowId, requireText, type Scopes, scopeList } from './credentials.ts'
import type { ContinuedFlow } from './flow.ts'
import { invalidating } from './invalidating.ts'
import { type Resource, resourceList } from './resource.ts'

const loadGrant = /* @__PURE__ */ lazy(() => import('./refresh-grant.ts'))

export interface RefreshTokenOptions {
  readonly clientId: string
  /** Only for confidential clients; IMS refuses it from public ones. */
  readonly clientSecret?: string | undefined
  /** The first refresh token; its successors are stored in the store. */
  readonly refreshToken: string
  /** At most what was granted; default: the same as granted. */
  readonly scopes?: Scopes | undefined
  /** The API that the token is for, or several. */
  readonly resource?: Resource | undefined
}

const optionNames: OptionNames<RefreshTokenOptions> = {
  clientId: 1,
  clientSecret: 1,
  refreshToken: 1,
  scopes: 1,
  resource: 1,
}

/**
 * Continues a login that happened elsewhere, from its refresh token (RFC 6749, section 6; `POST /ims/token/v3`).
 *
 * @example
 * const flow = refreshToken({ clientId, refreshToken: process.env.REFRESH_TOKEN })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function refreshToken(options: RefreshTokenOptions): ContinuedFlow {
  checkOptions('refreshToken', options, optionNames)
  const { clientId, clientSecret, refreshToken: first } = options
  requireText('refreshToken', { clientId, refreshToken: first, ...defined({ clientSecret }) })
  const scopes = scopeList(options.scopes)
  const resource = resourceList('refreshToken', options.resource)
  const refresh = async (call: Call, token: string) =>
    (await loadGrant()).refreshGrant(call, { clientId, clientSecret, scopes, resource }, token)
  return {
    kind: 'refresh_token',
    confidential: clientSecret !== undefined,
    id: flowId('refresh_token', [clientId, scopes, ...resource]),
    clientId,
    scopes,
    invalidate: invalidating(clientId, () => clientSecret),
    identity: () => digest(first),
    firstRefreshToken: () => first,
    renewal: refreshRenewal,
    refresh,
  }
}
