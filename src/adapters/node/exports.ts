import type { ContextApi, FamiliarGetTokenOptions } from '../../core/familiar/familiar-api.ts'
import { lazyContext } from '../../core/familiar/lazy-ims.ts'
import type { CliApi } from './cli-context.ts'
import { defaultIms as ims } from './default-ims.ts'

export * from '../../core/api.ts'
export { type AioConfig, type AioConfigOptions, aioConfig } from './config/aio-config.ts'
export { aioContexts } from './contexts-aio.ts'
export {
  type CredentialFromVariables,
  type CredentialFromVariablesOptions,
  credentialFromVariables,
} from './credential-from-variables.ts'
export { createNodeIms, type NodeIms, type NodeImsOptions } from './familiar.ts'
// these two know Node's environment and digest, and stand in for the core's
export { Ims, ValidationCache } from './ims.ts'
export {
  type LoopbackRedirectOptions,
  loopbackRedirect,
  type PasteRedirectOptions,
  pasteRedirect,
  readKey,
} from './late.ts'
export { type FileLockOptions, fileLock } from './lock-file.ts'
export { type NodePlatformOptions, nodePlatform } from './platform.ts'
export { type FileStoreOptions, fileStore } from './store-file.ts'
export type { VariablePrefix } from './variable-names.ts'

/** The named contexts of the default client: in the `.aio` files, the environment, or an action's memory. */
export const context: ContextApi & CliApi = /* @__PURE__ */ lazyContext(ims)

/** The access token of a named context; without a name of the current one. */
export const getToken = (name?: string, options?: FamiliarGetTokenOptions) => ims().getToken(name, options)

/** Ends the tokens of a named context, at IMS and here. */
export const invalidateToken = (name?: string, force?: boolean) => ims().invalidateToken(name, force)
