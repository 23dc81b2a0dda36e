import { del, entries, get, promisifyRequest, set, type UseStore, update } from 'idb-keyval'
import { UnavailableError } from '../../../core/errors.ts'
import { memoryStore } from '../../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import { safeCause } from '../../../core/redact.ts'

export interface IndexedDbStoreOptions {
  /** Name of the database; default `imskit`. */
  readonly name?: string | undefined
  /** Called once per reason: the browser denies the database, or an entry in it can never be read. */
  readonly onDegraded?: ((reason: string) => void) | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** One value as it is stored in the database. An entry of another version is not read. */
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
/** How long one call waits for the database to open, in ms. Another tab may block it for any time. */
const patience = 5_000

const optionNames: OptionNames<IndexedDbStoreOptions> = { name: 1, onDegraded: 1, clock: 1 }

/**
 * Values in IndexedDB, encrypted with AES-GCM and a key that cannot be exported: a copied disk reveals nothing, a script
 * that runs in the page can still use them. If the browser denies the database (some private windows), memory.
 *
 * Rejects with `STORE_FAILED` if a value cannot be written, or if the database does not answer: that it is slow, blocked
 * or broken does not mean that it is empty. The next call tries again.
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): Store {
  checkOptions('indexedDbStore', options, optionNames)
  const { name = 'imskit', onDegraded, clock = Date } = options
  const fallback = memoryStore({ clock: { now: () => clock.now() } })
  const reported = new Set<string>()
  const degraded = (reason: string) => {
    if (!reported.has(reason)) onDegraded?.(reason)
    reported.add(reason)
  }
  const database = connection(name, degraded)
  let key: CryptoKey | undefined

  /** The key of this profile: the first tab creates it, and the next write does if the site's data was deleted. */
  async function keyOf(store: UseStore): Promise<CryptoKey> {
    const stored = await get<unknown>(keyName, store)
    if (!(stored instanceof CryptoKey)) {
      const mine = key ?? (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, use))
      await update<unknown>(keyName, (first) => (first instanceof CryptoKey ? first : mine), store)
    }
    const current = stored instanceof CryptoKey ? stored : await get<CryptoKey>(keyName, store)
    if (current === undefined) throw new DOMException('the key is gone', 'NotFoundError')
    key = current
    return current
  }

  async function read(id: string, store: UseStore): Promise<Json | undefined> {
    const entry = await get<unknown>(id, store)
    if (entry === undefined || (isEntry(entry) && isOver(entry))) return undefined
    if (isEntry(entry)) {
      const key = await keyOf(store)
      try {
        const text = await crypto.subtle.decrypt(sealing(id, entry.iv), key, entry.sealed)
        return JSON.parse(new TextDecoder().decode(text)) as Json
      } catch {
        // another key or damaged: no later call can read it either
      }
    }
    degraded('unreadable entry')
    return undefined
  }

  async function write(id: string, { value, expiresAt, store }: Write): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const sealed = await crypto.subtle.encrypt(sealing(id, iv), await keyOf(store), bytes(JSON.stringify(value)))
    await set(id, { version: 1, iv, sealed, expiresAt } satisfies Entry, store)
  }

  /** Does `work` on the database; once more if the connection of this page was closed meanwhile. */
  async function attempt<T>(work: (store: UseStore) => Promise<T>, inMemory: () => Promise<T>): Promise<T> {
    try {
      const store = await database.open()
      if (store === undefined) return await inMemory()
      return await work(store).catch(async (error: unknown) => {
        if (!wasClosed(error)) throw error
        database.forget(store)
        const again = await database.open()
        return again === undefined ? inMemory() : work(again)
      })
    } catch (error) {
      const message = "The browser's database failed or did not answer; try again, free some space or allow site data"
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

/** AES-GCM that binds a value to its name: one entry cannot replace another. */
function sealing(id: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: bytes(id) }
}

function wasClosed(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'InvalidStateError' || error.name === 'AbortError')
}

interface Connection {
  /** The database, or `undefined` if the browser denies it to this page. Rejects if it does not open for now. */
  open(): Promise<UseStore | undefined>
  /** The next `open` connects anew. */
  forget(closed: UseStore): void
}

function connection(name: string, onDenied: (reason: string) => void): Connection {
  let opening: Promise<UseStore | undefined> | undefined
  let current: UseStore | undefined
  const start = async () => {
    try {
      current = await openDatabase(name)
      return current
    } catch (error) {
      if (!(error instanceof Denied)) throw error
      onDenied(error.message)
      return undefined
    }
  }
  return {
    open() {
      if (opening === undefined) {
        opening = start()
        opening.catch(() => {
          opening = undefined
        })
      }
      return current === undefined ? patiently(opening) : opening
    },
    forget(closed) {
      if (current !== closed) return
      current = undefined
      opening = undefined
    },
  }
}

/** The browser does not let this page have a database, and will not later. */
class Denied extends Error {}

async function openDatabase(name: string): Promise<UseStore> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    if (!globalThis.indexedDB) throw new Denied('absent')
    const request = indexedDB.open(name)
    request.onupgradeneeded = () => request.result.createObjectStore('entries')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  }).catch(deniedIf('SecurityError', 'InvalidStateError'))
  // another tab that deletes the site's data waits for this one to close its connection
  db.onversionchange = () => db.close()
  const store: UseStore = async (mode, work) => work(db.transaction('entries', mode).objectStore('entries'))
  // a write, as some private windows provide a database that cannot be written to
  await store('readwrite', ({ transaction }) => promisifyRequest(transaction)).catch(deniedIf('ReadOnlyError'))
  return store
}

const deniedIf =
  (...names: readonly string[]) =>
  (error: unknown): never => {
    throw error instanceof DOMException && names.includes(error.name) ? new Denied(error.name) : error
  }

/** `opening`, or a rejection after {@link patience}; the database itself goes on opening. */
function patiently<T>(opening: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new DOMException('the database did not open', 'TimeoutError'))
    const timer = setTimeout(late, patience)
    opening.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The bytes of a value or name to encrypt. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'sealed' in value
}
