import type { CompatIms, CreateImsOptions } from './compat-api.ts'
import { kindsOf } from './context-kind.ts'
import { jwtKind, publicKind, serverToServerKind, webAppKind } from './credential-kinds.ts'
import { namedContexts } from './named-contexts.ts'

/**
 * The aio-lib-ims API over a platform, for contexts of every kind. Kinds are tried in the order of `@adobe/aio-lib-ims`;
 * the public client is last, because other kinds have its keys too.
 *
 * @example const { context, getToken } = createIms({ ...memoryPlatform(), env: 'stage' })
 */
export function createIms(options: CreateImsOptions): CompatIms {
  return namedContexts(options, [jwtKind, serverToServerKind, ...kindsOf(options), webAppKind, publicKind])
}
