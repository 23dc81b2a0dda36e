import type { CompatIms, CreateImsOptions } from './compat-api.ts'
import { kindsOf } from './context-kind.ts'
import { publicKind } from './kind-public.ts'
import { jwtKind, serverToServerKind, webAppKind } from './kinds-with-secret.ts'
import { namedContexts } from './named-contexts.ts'

/**
 * The familiar surface over a platform, for contexts of every kind: tried in the order of the old library, the public
 * client last, as its keys are in others too.
 */
export function createIms(options: CreateImsOptions): CompatIms {
  return namedContexts(options, [jwtKind, serverToServerKind, ...kindsOf(options), webAppKind, publicKind])
}
