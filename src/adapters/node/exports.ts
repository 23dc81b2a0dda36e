import type { CompatGetTokenOptions, ContextApi } from '../../core/compat/compat-api.ts'
import { lazyContext } from '../../core/compat/lazy-ims.ts'
import type { CliApi } from './config/cli-context.ts'
import { defaultIms as ims } from './default-ims.ts'

export * from '../../core/api.ts'
export { createNodeIms, type NodeIms, type NodeImsOptions } from './compat.ts'
export { type AioConfig, type AioConfigOptions, aioConfig } from './config/aio-config.ts'
export { aioContexts } from './config/contexts-aio.ts'
export {
  type CredentialFromVariables,
  type CredentialFromVariablesOptions,
  credentialFromVariables,
} from './config/credential-from-variables.ts'
export type { VariablePrefix } from './config/variable-names.ts'
export { type FileLockOptions, fileLock } from './files/lock-file.ts'
export { type FileStoreOptions, fileStore } from './files/store-file.ts'
// these two know Node's environment and digest, and stand in for the core's
export { Ims, ValidationCache } from './ims.ts'
export {
  type LoopbackRedirectOptions,
  loopbackRedirect,
  type PasteRedirectOptions,
  pasteRedirect,
  readKey,
} from './lazy.ts'
export { type NodePlatformOptions, nodePlatform } from './platform.ts'

/** The named contexts of the default client: in the `.aio` files, the environment, or an action's memory. */
export const context: ContextApi & CliApi = /* @__PURE__ */ lazyContext(ims)

/** The access token of a named context; without a name of the current one. */
export const getToken = (name?: string, options?: CompatGetTokenOptions) => ims().getToken(name, options)

/** Ends the tokens of a named context, at IMS and here. */
export const invalidateToken = (name?: string, force?: boolean) => ims().invalidateToken(name, force)
