// `imskit/src/context`: the only deep path of `@adobe/aio-lib-ims` that its plug-ins import

import type { ContextApi } from '../../core/compat/compat-api.ts'
import type { CliApi } from './config/cli-context.ts'
import { resetDefaultIms } from './default-ims.ts'
import { context } from './exports.ts'

export { CLI, CONFIG, CONTEXTS, CURRENT, IMS } from '../../core/compat/context-names.ts'

/** The type of the contexts of an I/O Runtime action. */
export const TYPE_ACTION = 'action'

/** The type of the contexts of a command-line tool. */
export const TYPE_CLI = 'cli'

/** The named contexts of the default client: `context` of the entry `imskit`. */
export const getContext = (): ContextApi & CliApi => context

/** Discards the default client: the next use reads the contexts and the environment again. */
export const resetContext = (): void => resetDefaultIms()
