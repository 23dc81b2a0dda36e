import type { KvNamespace } from '../../../src/adapters/worker/index.ts'

/** ms for which a location of the real KV may answer with what it read before */
const cacheTime = 60_000
/** ms within which the real KV refuses a second write of one key */
const writePause = 1_000

const cached = new Map<string, { readonly value: string | null; readonly at: number }>()

interface KvWithMetadata extends KvNamespace {
  getWithMetadata(key: string): Promise<{ metadata: { readonly writtenAt?: number } | null }>
}

/** KV as it may behave far away from the last writer, which the local simulator never shows. */
export function staleKv(kv: KvNamespace): KvNamespace {
  const whole = kv as KvWithMetadata
  return {
    async get(key, type) {
      const known = cached.get(key)
      if (known !== undefined && Date.now() - known.at < cacheTime) return known.value
      const value = await kv.get(key, type)
      cached.set(key, { value, at: Date.now() })
      return value
    },
    async put(key, value, options) {
      const { metadata } = await whole.getWithMetadata(key)
      if (Date.now() - (metadata?.writtenAt ?? 0) < writePause) throw new Error('KV PUT failed: 429 Too Many Requests')
      await kv.put(key, value, { ...options, metadata: { ...(options?.metadata as object), writtenAt: Date.now() } })
    },
    delete: (key) => kv.delete(key),
    list: (options) => kv.list(options),
  }
}
