import type { CompatIms, CreateImsOptions } from './compat-api.ts'
import { kindsOf } from './context-kind.ts'
import { jwtKind, publicKind, serverToServerKind, webAppKind } from './credential-kinds.ts'
import { namedContexts } from './named-contexts.ts'

/**
 * The familiar surface over a platform, for contexts of every kind: tried in the order of the old library, the public
 * client last, as its keys are in others too.
 */
export function createIms(options: CreateImsOptions): CompatIms {
  return namedContexts(options, [jwtKind, serverToServerKind, ...kindsOf(options), webAppKind, publicKind])
}
