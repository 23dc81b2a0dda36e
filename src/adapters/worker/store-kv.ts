import { UnavailableError } from '../../core/errors.ts'
import type { Json, Store } from '../../core/ports.ts'
import { safeCause } from '../../core/redact.ts'
import type { KvNamespace } from './bindings.ts'

export interface KvStoreOptions {
  /** Stands before every key. Default `imskit/`. */
  readonly prefix?: string | undefined
  /** Seals the values with AES-GCM; with several secrets the first seals and all open. */
  readonly encryptionKey?: string | readonly string[] | undefined
}

interface Entry {
  readonly v: Json
  /** ms since the epoch; KV itself ends entries after a minute at the earliest */
  readonly e?: number
}

/** A {@link Store} over a KV namespace. Entries expire with their tokens. */
export function kvStore(namespace: KvNamespace, { prefix = 'imskit/' }: KvStoreOptions = {}): Store {
  return {
    async get(key) {
      const text = await asked('read', () => namespace.get(prefix + key, 'text'))
      const entry = text === null ? undefined : (JSON.parse(text) as Entry)
      return entry === undefined || (entry.e !== undefined && entry.e <= Date.now()) ? undefined : entry.v
    },
    async set(key, value, expiresAt) {
      if (expiresAt !== undefined && expiresAt <= Date.now()) return this.delete(key)
      const entry: Entry = { v: value, ...(expiresAt !== undefined && { e: expiresAt }) }
      const expiration = Math.ceil(Math.max(expiresAt ?? 0, Date.now() + 61_000) / 1000)
      const options = expiresAt === undefined ? {} : { expiration, metadata: { e: expiresAt } }
      await asked('write', () => namespace.put(prefix + key, JSON.stringify(entry), options))
    },
    async delete(key) {
      await asked('write', () => namespace.delete(prefix + key))
    },
    async keys(start) {
      const { keys } = await asked('list', () => namespace.list({ prefix: prefix + start }))
      return keys.map(({ name }) => name.slice(prefix.length))
    },
  }
}

async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new UnavailableError('STORE_FAILED', `the KV namespace failed to ${what}; try again later`, {
      cause: safeCause(error),
    })
  }
}
