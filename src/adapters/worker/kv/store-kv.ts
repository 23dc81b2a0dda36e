import { digest } from '../../../core/digest.ts'
import { isObject, parseObject } from '../../../core/json.ts'
import { systemClock } from '../../../core/memory.ts'
import { badOption, checkOptions, type OptionNames, requireMethods } from '../../../core/options.ts'
import type { Json, Store } from '../../../core/ports.ts'
import type { KvListing, KvNamespace, KvPutOptions } from '../bindings.ts'
import { onMedium } from '../isolate/isolate-memory.ts'
import { requireBinding } from '../require-arguments.ts'
import { orStoreFailed } from '../store-failed.ts'
import type { Encryption } from './aes-encryption.ts'

export interface KvStoreOptions {
  /** Prepended to every key. Default: `imskit/`. */
  readonly prefix?: string | undefined
  /**
   * Encrypts the values, such as `aesEncryption(secret)`. A value that it cannot decrypt counts as missing. Default: the
   * values are stored as they are.
   */
  readonly encryption?: Encryption | undefined
}

/** A value as KV stores it. If the key is too long for KV, the entry's name is `#` and a digest of the key. */
interface Entry {
  readonly value: Json
  /** ms since the epoch; KV may delete the entry later. */
  readonly expiresAt?: number
  /** The key, if the entry's name is a digest. */
  readonly key?: string
}

/** An open KV store. */
interface KvState {
  readonly namespace: KvNamespace
  readonly prefix: string
  readonly encryption: Encryption | undefined
}

const longestName = 512
const largestValue = 25 * 1024 * 1024
/** ms between two writes of a key: KV answers 429 to a second write within a second. */
const writePause = 1_100
const mostWrites = 4
/** ms: KV refuses an entry that expires within a minute; one second more in case the clock is behind. */
const shortestLifetime = 61_000

/** The names of the options of {@link kvStore}. */
export const kvOptions: OptionNames<KvStoreOptions> = { prefix: 1, encryption: 1 }

/**
 * A {@link Store} over a KV namespace, for tokens of flows without a user. Entries expire with their tokens.
 *
 * KV is eventually consistent: for up to a minute, a read may return an older value. Flows with refresh tokens therefore
 * refuse this store; use `durableTokens` for them.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * kvStore(env.TOKENS, { encryption: aesEncryption(env.ENCRYPTION_SECRET) })
 */
export function kvStore(namespace: KvNamespace, options: KvStoreOptions = {}): Store {
  checkOptions('kvStore', options, kvOptions)
  const { prefix = 'imskit/', encryption } = options
  requireBinding('kvStore', { what: 'a KV namespace', binding: namespace, method: 'put' })
  if (typeof prefix !== 'string' || byteLength(prefix) > longestName / 2)
    throw badOption(`prefix must be a text of at most ${longestName / 2} bytes`)
  if (encryption !== undefined) requireMethods('encryption', encryption, 'encrypt', 'decrypt')
  const kv = { namespace, prefix, encryption }
  return onMedium(
    { binding: namespace, scope: prefix },
    {
      consistency: 'eventual',
      get: (key) => readValue(kv, key),
      set: (key, value, expiresAt) =>
        isAlive(expiresAt) ? writeValue(kv, key, { value, expiresAt }) : deleteValue(kv, key),
      delete: (key) => deleteValue(kv, key),
      keys: (start) => listKeys(kv, start),
    },
  )
}

async function readValue(kv: KvState, key: string): Promise<Json | undefined> {
  const entry = await readEntry(kv, await nameOf(kv, key))
  return hasLongName(kv, key) && entry?.key !== key ? undefined : entry?.value
}

async function writeValue(
  kv: KvState,
  key: string,
  { value, expiresAt }: { readonly value: Json; readonly expiresAt: number | undefined },
): Promise<void> {
  const name = await nameOf(kv, key)
  const expiry = expiresAt !== undefined && { expiresAt }
  const entry: Entry = { value, ...expiry, ...(hasLongName(kv, key) && { key }) }
  const json = JSON.stringify(entry)
  const text = kv.encryption === undefined ? json : await kv.encryption.encrypt(json, name)
  if (text.length > largestValue / 3 && byteLength(text) > largestValue)
    throw badOption(`a value of ${byteLength(text)} bytes is too large for KV (25 MiB)`)
  const lifetime = expiresAt === undefined ? {} : putOptions(expiresAt)
  await orKvFailed('write', () => repeatIfTooSoon(() => kv.namespace.put(name, text, lifetime)))
}

async function deleteValue(kv: KvState, key: string): Promise<void> {
  const name = await nameOf(kv, key)
  await orKvFailed('delete', () => repeatIfTooSoon(() => kv.namespace.delete(name)))
}

async function listKeys(kv: KvState, start: string): Promise<string[]> {
  const { prefix } = kv
  const found: string[] = []
  if (!hasLongName(kv, start))
    for await (const name of listNames(kv, prefix + start))
      if (!name.startsWith(`${prefix}#`)) found.push(name.slice(prefix.length))
  for await (const name of listNames(kv, `${prefix}#`)) {
    const key = (await readEntry(kv, name))?.key
    if (key?.startsWith(start)) found.push(key)
  }
  return found
}

const hasLongName = ({ prefix }: KvState, key: string) => key.startsWith('#') || byteLength(prefix + key) > longestName

async function nameOf(kv: KvState, key: string): Promise<string> {
  return kv.prefix + (hasLongName(kv, key) ? `#${await digest(key)}` : key)
}

async function readEntry({ namespace, encryption }: KvState, name: string): Promise<Entry | undefined> {
  const stored = await orKvFailed('read', () => namespace.get(name, 'text'))
  const text = stored === null || encryption === undefined ? stored : await encryption.decrypt(stored, name)
  const entry = parseEntry(text)
  return entry !== undefined && isAlive(entry.expiresAt) ? entry : undefined
}

async function* listNames({ namespace }: KvState, start: string): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const options = { prefix: start, ...(cursor !== undefined && { cursor }) }
    const listing: KvListing = await orKvFailed('list', () => namespace.list(options))
    for (const { name, metadata } of listing.keys) if (isAlive(expiryIn(metadata))) yield name
    cursor = listing.list_complete ? undefined : listing.cursor
  } while (cursor !== undefined)
}

function orKvFailed<T>(verb: string, work: () => Promise<T>): Promise<T> {
  return orStoreFailed(`The KV namespace failed to ${verb}; try again later`, work)
}

/** Repeats a write that KV refuses because the same key was written within the last second. */
async function repeatIfTooSoon(write: () => Promise<void>): Promise<void> {
  for (let writes = 1; ; writes++) {
    try {
      return await write()
    } catch (error) {
      if (writes >= mostWrites || !/\b429\b/.test(String(error))) throw error
      await systemClock.sleep(writePause)
    }
  }
}

const byteLength = (text: string) => new TextEncoder().encode(text).length

const isAlive = (expiresAt: number | undefined) => expiresAt === undefined || expiresAt > Date.now()

function putOptions(expiresAt: number): KvPutOptions {
  const expiration = Math.ceil(Math.max(expiresAt, Date.now() + shortestLifetime) / 1000)
  return { expiration, metadata: { expiresAt } }
}

function expiryIn(metadata: unknown): number | undefined {
  const expiresAt = isObject(metadata) ? metadata.expiresAt : undefined
  return typeof expiresAt === 'number' && expiresAt > 0 ? expiresAt : undefined
}

/** Other programs can write to the namespace too, so the text may be anything. */
function parseEntry(text: string | null | undefined): Entry | undefined {
  const { value, expiresAt, key } = parseObject(text ?? '') ?? {}
  if (value === undefined) return undefined
  return {
    value,
    ...(typeof expiresAt === 'number' && { expiresAt }),
    ...(typeof key === 'string' && { key }),
  }
}
