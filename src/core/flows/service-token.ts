import { digest } from '../digest.ts'
import { tokenV2 } from '../ims/endpoints/token.ts'
import { checkOptions, type OptionNames } from '../options.ts'
import { flowId, requireText } from './credentials.ts'
import type { MachineFlow } from './flow.ts'
import { invalidating } from './invalidating.ts'
import { requestGrant } from './request-grant.ts'

export interface ServiceTokenOptions {
  readonly clientId: string
  readonly clientSecret: string
  /** The permanent authorization code of the service client. */
  readonly code: string
}

const optionNames: OptionNames<ServiceTokenOptions> = { clientId: 1, clientSecret: 1, code: 1 }

/**
 * A service token from a permanent authorization code (`POST /ims/token/v2`).
 *
 * @example
 * const flow = serviceToken({ clientId, clientSecret, code })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function serviceToken(options: ServiceTokenOptions): MachineFlow {
  checkOptions('serviceToken', options, optionNames)
  const { clientId, clientSecret, code } = options
  requireText('serviceToken', { clientId, clientSecret, code })
  return {
    kind: 'service_token',
    confidential: true,
    id: flowId('service_token', [clientId]),
    clientId,
    scopes: [],
    invalidate: invalidating(clientId, () => clientSecret),
    identity: () => digest(code),
    async obtain(call) {
      const request = { grant: 'authorization_code', endpoint: tokenV2, parameters: { code } }
      return requestGrant(call, { clientId, clientSecret, ...request })
    },
  }
}
