import type { CompatIms, CreateImsOptions } from './compat-api.ts'
import { kindsOf } from './context-kind.ts'
import { kindsWith } from './credential-kinds.ts'
import { namedContexts } from './named-contexts.ts'

/**
 * The aio-lib-ims API over a platform, for contexts of every kind. `options.kinds` are the runtime's own.
 *
 * @example const { context, getToken } = createIms({ ...memoryPlatform(), env: 'stage' })
 */
export function createIms(options: CreateImsOptions): CompatIms {
  return namedContexts(options, kindsWith(kindsOf(options)))
}
