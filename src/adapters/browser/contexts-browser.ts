import { type ContextStore, storedContexts, withTokens } from '../../core/compat/contexts.ts'
import { isObject } from '../../core/json.ts'
import type { Json, Store } from '../../core/ports.ts'

/**
 * Named contexts of a page in `store`, each with its tokens under a key of their own: a page sets its context at every
 * load, and without tokens of its own that context keeps those it had.
 */
export function browserContexts(store: Store): ContextStore {
  const contexts = storedContexts(store)

  async function tokensOf(name: string): Promise<{ readonly [label: string]: Json }> {
    const kept = await store.get(tokensKey(name))
    return isObject(kept) ? withTokens(kept, {}) : {}
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
      // a context that was removed meanwhile does not come back as a bag of tokens
      if (!isObject((await contexts.read(name)).data)) return
      const kept = withTokens(await tokensOf(name), patch)
      if (Object.keys(kept).length === 0) await store.delete(tokensKey(name))
      else await store.set(tokensKey(name), kept)
    },
  }
}

const tokensKey = (name: string) => `imskit/context-tokens/${name}`
