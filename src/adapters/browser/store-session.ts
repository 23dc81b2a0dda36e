import type { Clock, Json, Store } from '../../core/ports.ts'

export interface SessionStoreOptions {
  /** No more entries than this; the oldest go. Default: 20. */
  readonly most?: number | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

interface Entry {
  readonly value: Json
  readonly expiresAt: number
  readonly setAt: number
}

/**
 * Values of one tab, in `sessionStorage`: where a login under way waits while the page is at IMS. Abandoned logins
 * expire and are capped in number, so that they never block a new one. Memory where the storage is denied.
 */
export function sessionStore({ most = 20, clock = Date }: SessionStoreOptions = {}): Store {
  const memory = new Map<string, string>()

  function read(key: string): Entry | undefined {
    try {
      const entry: unknown = JSON.parse(memory.get(key) ?? storage()?.getItem(key) ?? 'null')
      const whole =
        typeof entry === 'object' && entry !== null && 'value' in entry && 'expiresAt' in entry && 'setAt' in entry
      if (!whole || Number(entry.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now()) return undefined
      return entry as Entry
    } catch {
      return undefined
    }
  }

  function remove(key: string): void {
    memory.delete(key)
    storage()?.removeItem(key)
  }

  function keys(prefix: string): string[] {
    const stored = storage()
    const inStorage =
      stored === undefined ? [] : Array.from({ length: stored.length }, (_, index) => stored.key(index) ?? '')
    return [...new Set([...inStorage, ...memory.keys()])].filter((key) => key.startsWith(prefix))
  }

  /** Among those of its kind: the same key but for the last part. */
  function makeRoomFor(key: string): void {
    const mine = keys(key.slice(0, key.lastIndexOf('/') + 1)).map((key) => ({ key, entry: read(key) }))
    for (const { key, entry } of mine) if (entry === undefined) remove(key)
    const alive = mine
      .filter(({ entry }) => entry !== undefined)
      .sort((a, b) => (a.entry?.setAt ?? 0) - (b.entry?.setAt ?? 0))
    for (const { key } of alive.slice(0, Math.max(0, alive.length - most + 1))) remove(key)
  }

  return {
    get: async (key) => read(key)?.value,
    async set(key, value, expiresAt) {
      if (read(key) === undefined) makeRoomFor(key)
      const text = JSON.stringify({ value, expiresAt: expiresAt ?? null, setAt: clock.now() })
      remove(key)
      try {
        const stored = storage()
        if (stored === undefined) memory.set(key, text)
        else stored.setItem(key, text)
      } catch {
        // full or denied: a popup or frame needs no page load, so memory still serves it
        memory.set(key, text)
      }
    },
    delete: async (key) => remove(key),
    keys: async (prefix) => keys(prefix).filter((key) => read(key) !== undefined),
  }
}

/** Reading the property itself throws where site data is blocked. */
function storage(): Storage | undefined {
  try {
    return globalThis.sessionStorage
  } catch {
    return undefined
  }
}
