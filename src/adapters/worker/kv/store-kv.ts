import { digest } from '../../../core/digest.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import { systemClock } from '../../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Json, Store } from '../../../core/ports.ts'
import { asked, requireBinding } from '../asked.ts'
import type { KvNamespace } from '../bindings.ts'
import { over } from '../isolate/isolate-memory.ts'
import { sealWith } from '../sealed-text.ts'

export interface KvStoreOptions {
  /** Stands before every key. Default `imskit/`. */
  readonly prefix?: string | undefined
  /**
   * Seals the values with AES-GCM: a random text of at least 32 characters, from a secret. With several the first
   * seals and all open. A value that is not sealed, or by none of them, is as if it were not there.
   */
  readonly encryptionKey?: string | readonly string[] | undefined
}

/** A value as it lies in KV. Its name begins with `#` and a digest where the key itself would be too long. */
interface Entry {
  readonly value: Json
  /** ms since the epoch; KV's own end of it may come later. */
  readonly expiresAt?: number
  /** The key, where the name does not hold it. */
  readonly key?: string
}

const longestName = 512
const largestValue = 25 * 1024 * 1024
/** KV takes one write of a key within this time, in ms, and answers 429 to a second one. */
const writePause = 1_100
const fewWrites = 4
/** KV refuses what would end within a minute; one second more for a clock that is behind. */
const shortestLife = 61_000
const bytes = (text: string) => new TextEncoder().encode(text).length

/** The options of {@link kvStore} by their names. */
export const kvOptions: OptionNames<KvStoreOptions> = { prefix: 1, encryptionKey: 1 }

/**
 * A {@link Store} over a KV namespace, for tokens of machines. Entries expire with their tokens. KV is eventually
 * consistent: a read may return what was there a minute ago, so flows with refresh tokens refuse it; use `durableTokens`.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function kvStore(namespace: KvNamespace, options: KvStoreOptions = {}): Store {
  checkOptions('kvStore', options, kvOptions)
  const { prefix = 'imskit/', encryptionKey } = options
  requireBinding('kvStore', 'a KV namespace', namespace, 'put')
  if (typeof prefix !== 'string' || bytes(prefix) > longestName / 2)
    throw new ConfigurationError('BAD_OPTION', `prefix must be text of at most ${longestName / 2} bytes`)
  const seal = encryptionKey === undefined ? undefined : sealWith(encryptionKey)
  const ask = <T>(what: string, work: () => Promise<T>) => asked('the KV namespace', what, work)

  const isLong = (key: string) => key.startsWith('#') || bytes(prefix + key) > longestName
  const nameOf = async (key: string) => prefix + (isLong(key) ? `#${await digest(key)}` : key)

  async function read(name: string): Promise<Entry | undefined> {
    const kept = await ask('read', () => namespace.get(name, 'text'))
    const text = kept === null || seal === undefined ? kept : await seal.open(kept, name)
    const entry = parseEntry(text)
    return entry !== undefined && isAlive(entry.expiresAt) ? entry : undefined
  }

  async function* names(start: string): AsyncGenerator<string> {
    let cursor: string | undefined
    do {
      const page = await ask('list', () => namespace.list({ prefix: start, ...(cursor !== undefined && { cursor }) }))
      for (const { name, metadata } of page.keys) if (isAlive(expiryIn(metadata))) yield name
      cursor = page.list_complete ? undefined : page.cursor
    } while (cursor !== undefined)
  }

  const store: Store = {
    consistency: 'eventual',
    async get(key) {
      const entry = await read(await nameOf(key))
      return isLong(key) && entry?.key !== key ? undefined : entry?.value
    },
    async set(key, value, expiresAt) {
      if (!isAlive(expiresAt)) return store.delete(key)
      const name = await nameOf(key)
      const entry: Entry = { value, ...(expiresAt !== undefined && { expiresAt }), ...(isLong(key) && { key }) }
      const text = JSON.stringify(entry)
      const kept = seal === undefined ? text : await seal.close(text, name)
      if (kept.length > largestValue / 3 && bytes(kept) > largestValue)
        throw new ConfigurationError('BAD_OPTION', `a value of ${bytes(kept)} bytes is too large for KV (25 MiB)`)
      const life = expiresAt === undefined ? {} : lifeUntil(expiresAt)
      await ask('write', () => unlessTooSoon(() => namespace.put(name, kept, life)))
    },
    async delete(key) {
      const name = await nameOf(key)
      await ask('delete', () => unlessTooSoon(() => namespace.delete(name)))
    },
    async keys(start) {
      const found: string[] = []
      if (!isLong(start))
        for await (const name of names(prefix + start))
          if (!name.startsWith(`${prefix}#`)) found.push(name.slice(prefix.length))
      for await (const name of names(`${prefix}#`)) {
        const key = (await read(name))?.key
        if (key?.startsWith(start)) found.push(key)
      }
      return found
    },
  }
  return over({ binding: namespace, scope: prefix }, store)
}

/** A write that KV refuses as the second one of its key within a second is repeated: its value must not be lost. */
async function unlessTooSoon(write: () => Promise<void>): Promise<void> {
  for (let writes = 1; ; writes++) {
    try {
      return await write()
    } catch (error) {
      if (writes >= fewWrites || !/\b429\b/.test(String(error))) throw error
      await systemClock.sleep(writePause)
    }
  }
}

const isAlive = (expiresAt: number | undefined) => expiresAt === undefined || expiresAt > Date.now()

function lifeUntil(expiresAt: number): { expiration: number; metadata: { expiresAt: number } } {
  const expiration = Math.ceil(Math.max(expiresAt, Date.now() + shortestLife) / 1000)
  return { expiration, metadata: { expiresAt } }
}

function expiryIn(metadata: unknown): number | undefined {
  const said = typeof metadata === 'object' && metadata !== null && 'expiresAt' in metadata ? metadata.expiresAt : 0
  return typeof said === 'number' && said > 0 ? said : undefined
}

/** What lies there may have been written by anyone. */
function parseEntry(text: string | null | undefined): Entry | undefined {
  if (text === null || text === undefined) return undefined
  try {
    const { value, expiresAt, key } = JSON.parse(text) as { [name: string]: Json | undefined }
    if (value === undefined) return undefined
    return {
      value,
      ...(typeof expiresAt === 'number' && { expiresAt }),
      ...(typeof key === 'string' && { key }),
    }
  } catch {
    return undefined
  }
}
