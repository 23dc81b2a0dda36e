import type { CompatGetTokenOptions } from './compat/compat-api.ts'
import { createIms } from './compat/create-ims.ts'
import { lazyContext, lazyIms } from './compat/lazy-ims.ts'
import { memoryPlatform } from './memory.ts'

export * from './api.ts'
// for a page that allows them: createBrowserIms({ allowSecretsInBrowser: true, kinds: [jwtKind] })
export { jwtKind, serverToServerKind, webAppKind } from './compat/credential-kinds.ts'

const ims = /* @__PURE__ */ lazyIms(() => createIms(memoryPlatform()))

/** The named contexts of the default client; in this entry they live in memory. */
export const context = /* @__PURE__ */ lazyContext(ims)

/** The access token of a named context. */
export const getToken = (name?: string, options?: CompatGetTokenOptions) => ims().getToken(name, options)

/** Invalidates the tokens of a named context at IMS and removes them from the store. */
export const invalidateToken = (name?: string, force?: boolean) => ims().invalidateToken(name, force)
