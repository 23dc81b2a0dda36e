import { createStore, del, entries, get, promisifyRequest, set, type UseStore, update } from 'idb-keyval'
import { UnavailableError } from '../../core/errors.ts'
import { memoryStore } from '../../core/memory.ts'
import type { Clock, Json, Store } from '../../core/ports.ts'
import { safeCause } from '../../core/redact.ts'

export interface IndexedDbStoreOptions {
  /** Name of the database; default `imskit`. */
  readonly name?: string | undefined
  /** Told once when the database is denied and memory takes its place. */
  readonly onDegraded?: ((reason: string) => void) | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** One value as it lies in the database. Another version is not read. */
interface Entry {
  readonly version: 1
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
  readonly expiresAt?: number | undefined
}

interface Write {
  readonly value: Json
  readonly expiresAt: number | undefined
  readonly store: UseStore
}

const keyName = '#key'
/** An open that is blocked by another tab settles never; this long it may take, in ms. */
const patience = 5_000

/**
 * Values in IndexedDB, sealed with AES-GCM and a key that cannot leave the browser: a copied disk gives nothing away,
 * a script that runs in the page can still use them. Where the database is denied (private windows), memory.
 *
 * Rejects with `STORE_FAILED` when a value cannot be written. What cannot be read counts as missing.
 */
export function indexedDbStore({ name = 'imskit', onDegraded, clock = Date }: IndexedDbStoreOptions = {}): Store {
  const fallback = memoryStore({ clock: { now: () => clock.now(), sleep: async () => {} } })
  let opened: Promise<UseStore | undefined> | undefined
  let key: CryptoKey | undefined

  /** The database, or `undefined` where this page is not given one. */
  function database(): Promise<UseStore | undefined> {
    opened ??= openDatabase(name).catch((error: unknown) => {
      onDegraded?.(error instanceof Error ? error.name : 'unknown')
      return undefined
    })
    return opened
  }

  /** This profile's key, made by whichever tab comes first, and made again where the site's data was wiped. */
  async function keyOf(store: UseStore): Promise<CryptoKey> {
    const stored = await get<CryptoKey>(keyName, store)
    if (stored === undefined) {
      const mine = key ?? (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, use))
      await update<CryptoKey>(keyName, (first) => first ?? mine, store)
    }
    key = stored ?? (await get<CryptoKey>(keyName, store))
    if (key === undefined) throw new DOMException('the key is gone', 'NotFoundError')
    return key
  }

  async function read(id: string, store: UseStore): Promise<Json | undefined> {
    const entry = await get<Entry>(id, store)
    if (!isEntry(entry) || isOver(entry)) return undefined
    const key = await keyOf(store)
    try {
      const text = await crypto.subtle.decrypt(sealing(id, entry.iv), key, entry.sealed)
      return JSON.parse(new TextDecoder().decode(text)) as Json
    } catch {
      return undefined
    }
  }

  async function write(id: string, { value, expiresAt, store }: Write): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const sealed = await crypto.subtle.encrypt(sealing(id, iv), await keyOf(store), bytes(JSON.stringify(value)))
    await set(id, { version: 1, iv, sealed, expiresAt } satisfies Entry, store)
  }

  /** Does `work` on the database; once more where this page's connection to it was closed under it. */
  async function attempt<T>(work: (store: UseStore) => Promise<T>, inMemory: () => Promise<T>): Promise<T> {
    const store = await database()
    if (store === undefined) return inMemory()
    try {
      return await work(store).catch(async (error: unknown) => {
        if (!wasClosed(error)) throw error
        opened = undefined
        const again = await database()
        return again === undefined ? inMemory() : work(again)
      })
    } catch (error) {
      const message = 'the browser did not store this login; free some space or allow site data'
      throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
    }
  }

  const isOver = ({ expiresAt }: Entry) => expiresAt !== undefined && expiresAt <= clock.now()

  return {
    get: (id) =>
      attempt(
        (store) => read(id, store),
        () => fallback.get(id),
      ),
    set: (id, value, expiresAt) =>
      attempt(
        (store) => write(id, { value, expiresAt, store }),
        () => fallback.set(id, value, expiresAt),
      ),
    delete: (id) =>
      attempt(
        (store) => del(id, store),
        () => fallback.delete(id),
      ),
    keys: (prefix) =>
      attempt(
        async (store) =>
          (await entries<string, Entry>(store))
            .filter(([id, entry]) => id.startsWith(prefix) && isEntry(entry) && !isOver(entry))
            .map(([id]) => id),
        () => fallback.keys(prefix),
      ),
  }
}

const use: KeyUsage[] = ['encrypt', 'decrypt']

/** AES-GCM that binds a value to its name: one entry cannot stand in for another. */
function sealing(id: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: bytes(id) }
}

function wasClosed(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'InvalidStateError' || error.name === 'AbortError')
}

async function openDatabase(name: string): Promise<UseStore> {
  const entriesOf = createStore(name, 'entries')
  const store: UseStore = (mode, work) =>
    entriesOf(mode, (entries) => {
      const { db } = entries.transaction
      // another tab that wipes the site's data waits for this one to let go
      db.onversionchange = () => db.close()
      return work(entries)
    })
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException('the database did not open', 'TimeoutError')), patience)
  })
  try {
    // a write, as some private windows give a database that cannot be written to
    await Promise.race([store('readwrite', ({ transaction }) => promisifyRequest(transaction)), late])
    return store
  } finally {
    clearTimeout(timer)
  }
}

/** The text that a value or name is sealed as. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'sealed' in value
}
