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
// these use the configuration and the digest of Node.js, and override the exports of the core
export { Ims, ValidationCache } from './ims.ts'
export {
  type KeychainStoreOptions,
  keychainStore,
  type LoopbackRedirectOptions,
  loopbackRedirect,
  type PasteRedirectOptions,
  pasteRedirect,
  readKey,
  type TerminalLoginOptions,
} from './lazy.ts'
export { type NodePlatformOptions, nodePlatform } from './platform.ts'
export { signAssertion } from './sign-assertion.ts'

/**
 * The named contexts of the default client: in the `.aio` files, the environment, or the memory of an action.
 *
 * @example
 * await context.set('my-app', { client_id, client_secret, scope })
 */
export const context: ContextApi & CliApi = /* @__PURE__ */ lazyContext(ims)

/**
 * The access token of a named context, by default of the current one.
 *
 * @example
 * const token = await getToken('my-app')
 */
export const getToken = (name?: string, options?: CompatGetTokenOptions) => ims().getToken(name, options)

/**
 * Invalidates the access token of a named context at IMS and removes it from the context; with `force` also the refresh
 * token.
 *
 * @example
 * await invalidateToken('my-app', true)
 */
export const invalidateToken = (name?: string, force?: boolean) => ims().invalidateToken(name, force)
