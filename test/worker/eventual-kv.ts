import type { KvListing, KvNamespace, KvPutOptions } from '../../src/adapters/worker/index.ts'

interface Version {
  /** Absent if it was deleted. */
  readonly text?: string
  readonly metadata?: unknown
  readonly writtenAt: number
}

/**
 * A KV namespace as hard to deal with as the real one may be, which workerd's simulator is not: each location reads what
 * was there up to 60 s ago, and a second write of a key within a second is refused.
 */
export function eventualKv(now: () => number = Date.now) {
  const versions = new Map<string, Version[]>()
  let refused = 0

  function write(key: string, version: Omit<Version, 'writtenAt'>): void {
    const known = versions.get(key) ?? []
    if (now() - (known.at(-1)?.writtenAt ?? Number.NEGATIVE_INFINITY) < 1_000) {
      refused++
      throw new Error('KV PUT failed: 429 Too Many Requests')
    }
    versions.set(key, [...known, { ...version, writtenAt: now() }])
  }

  /** The namespace as one location sees it: its own writes at once, those of the others after `lag` ms. */
  function location(lag = 60_000): KvNamespace {
    const mine = new Set<Version>()
    const seen = (key: string) =>
      (versions.get(key) ?? []).findLast((version) => mine.has(version) || version.writtenAt + lag <= now())
    const note = (key: string) => {
      const latest = versions.get(key)?.at(-1)
      if (latest !== undefined) mine.add(latest)
    }
    return {
      get: async (key) => seen(key)?.text ?? null,
      async put(key, text, { metadata }: KvPutOptions = {}) {
        write(key, { text, metadata })
        note(key)
      },
      async delete(key) {
        write(key, {})
        note(key)
      },
      async list({ prefix = '' } = {}): Promise<KvListing> {
        const names = [...versions.keys()].filter((name) => name.startsWith(prefix) && seen(name)?.text !== undefined)
        return { keys: names.map((name) => ({ name, metadata: seen(name)?.metadata })), list_complete: true }
      },
    }
  }
  return { location, refused: () => refused }
}
