import { authorizationCode } from '../../src/core/flows/authorization-code.ts'
import { clientCredentials } from '../../src/core/flows/client-credentials.ts'
import type { Flow } from '../../src/core/flows/flow.ts'
import { refreshToken } from '../../src/core/flows/refresh-token.ts'
import type { Plan } from './plan.ts'

export const redirectUri = 'https://app.example/callback'

/** The credential of a run. */
export function flowOf({ flow }: Pick<Plan, 'flow'>, first: string): Flow {
  const clientId = 'app'
  if (flow === 'clientCredentials') return clientCredentials({ clientId, clientSecret: 'secret', scopes: ['openid'] })
  if (flow === 'refreshToken') return refreshToken({ clientId, refreshToken: first })
  return authorizationCode({ clientId, scopes: ['AdobeID', 'offline_access'], redirectUri })
}
