import { type ContextStore, storedContexts, withTokens } from '../../core/compat/contexts.ts'
import { isObject } from '../../core/json.ts'
import type { Json, Store } from '../../core/ports.ts'

/**
 * Named contexts of a browser app in `store`, with their tokens under a separate key: an app sets its context at every
 * page load, and if the new context has no tokens, the stored ones remain.
 */
export function browserContexts(store: Store): ContextStore {
  const contexts = storedContexts(store)

  async function tokensOf(name: string): Promise<{ readonly [label: string]: Json }> {
    const stored = await store.get(tokensKey(name))
    return isObject(stored) ? withTokens(stored, {}) : {}
  }

  return {
    ...contexts,
    async read(name) {
      const { data } = await contexts.read(name)
      return { data: isObject(data) ? { ...withTokens(data, {}), ...(await tokensOf(name)) } : data, local: false }
    },
    async write(name, data) {
      if (!isObject(data)) {
        await store.delete(tokensKey(name))
        return contexts.write(name, undefined, false)
      }
      const { access_token, refresh_token, ...credential } = data
      await contexts.write(name, credential as Json, false)
      if (access_token === undefined && refresh_token === undefined) return
      await store.set(tokensKey(name), withTokens({ access_token, refresh_token }, {}))
    },
    async writeTokens(name, patch) {
      // a context that was removed meanwhile must not return as tokens without a credential
      if (!isObject((await contexts.read(name)).data)) return
      const tokens = withTokens(await tokensOf(name), patch)
      if (Object.keys(tokens).length === 0) await store.delete(tokensKey(name))
      else await store.set(tokensKey(name), tokens)
    },
  }
}

const tokensKey = (name: string) => `imskit/context-tokens/${name}`
