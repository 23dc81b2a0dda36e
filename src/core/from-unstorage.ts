import { UnavailableError } from './errors.ts'
import { checkOptions, type OptionNames, requireMethods } from './options.ts'
import type { Json, Store } from './ports.ts'
import { safeCause } from './redact.ts'

/** The part of an `unstorage` storage that is used. */
export interface UnstorageLike {
  getItem(key: string): Promise<unknown>
  setItem(key: string, value: string, options?: { ttl?: number }): Promise<void>
  removeItem(key: string): Promise<void>
  getKeys(base?: string): Promise<string[]>
}

export interface FromUnstorageOptions {
  /** `eventual` if the storage may answer with an older value; refresh tokens do not belong in such a store. */
  readonly consistency?: 'eventual' | undefined
  /** ms since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
}

const optionNames: OptionNames<FromUnstorageOptions> = { consistency: 'string', now: 'function' }

/**
 * Uses any `unstorage` storage as a {@link Store}: Redis, S3, Upstash, Vercel KV. Keys are encoded, because unstorage
 * treats `:` and `/` as separators. Drivers that support a `ttl` (seconds) drop entries when their tokens expire.
 *
 * @throws {UnavailableError} `STORE_FAILED` from each method, if the storage fails
 */
export function fromUnstorage(storage: UnstorageLike, options: FromUnstorageOptions = {}): Store {
  checkOptions('fromUnstorage', options, optionNames)
  requireMethods('the storage of fromUnstorage', storage, 'getItem', 'setItem', 'removeItem', 'getKeys')
  const { consistency, now = Date.now } = options
  const read = async (key: string): Promise<Json | undefined> => {
    const entry = parse(await storage.getItem(encode(key)))
    return entry === undefined || entry.expiresAt <= now() ? undefined : entry.value
  }
  return {
    ...(consistency !== undefined && { consistency }),
    get: (key) => attempt('get', () => read(key)),
    set: (key, value, expiresAt = never) =>
      attempt('set', async () => {
        const options = expiresAt >= never ? {} : { ttl: Math.max(1, Math.ceil((expiresAt - now()) / 1000)) }
        const entry = { value, expiresAt: Math.min(expiresAt, never) }
        await storage.setItem(encode(key), JSON.stringify(entry), options)
      }),
    delete: (key) => attempt('delete', () => storage.removeItem(encode(key))),
    keys: (prefix) =>
      attempt('keys', async () => {
        const keys = (await storage.getKeys()).map(decode).filter((key) => key?.startsWith(prefix)) as string[]
        const alive = await Promise.all(keys.map(async (key) => (await read(key)) !== undefined))
        return keys.filter((_, index) => alive[index])
      }),
  }
}

async function attempt<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new UnavailableError('STORE_FAILED', `The storage failed in ${operation}. Check that it can be reached.`, {
      cause: safeCause(error),
    })
  }
}

const never = Number.MAX_SAFE_INTEGER
const mark = 'k'

function encode(key: string): string {
  return mark + encodeURIComponent(key).replaceAll('.', '%2E').replaceAll('%', '$')
}

function decode(key: string): string | undefined {
  try {
    return key.startsWith(mark) ? decodeURIComponent(key.slice(mark.length).replaceAll('$', '%')) : undefined
  } catch {
    return undefined
  }
}

function parse(item: unknown): { value: Json; expiresAt: number } | undefined {
  try {
    const entry: unknown = typeof item === 'string' ? JSON.parse(item) : item
    if (typeof entry !== 'object' || entry === null || !('value' in entry) || !('expiresAt' in entry)) return undefined
    return typeof entry.expiresAt === 'number' ? (entry as { value: Json; expiresAt: number }) : undefined
  } catch {
    return undefined
  }
}
