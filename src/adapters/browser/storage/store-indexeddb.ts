import { del, entries, get, set, type UseStore, update } from 'idb-keyval'
import { decryptText, type EncryptedText, encryptText } from '../../../core/encrypt.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { memoryStore } from '../../../core/memory.ts'
import { checkOptions, type OptionNames, requireMethods } from '../../../core/options.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import { safeCause } from '../../../core/redact.ts'
import { connectDatabase, type DatabaseConnection, disconnectDatabase, wasClosed } from './indexeddb-connection.ts'

export interface IndexedDbStoreOptions {
  /** Name of the database; default `imskit`. */
  readonly name?: string | undefined
  /** Called once per reason: the browser denies the database, or an entry in it can never be read. */
  readonly onDegraded?: ((reason: string) => void) | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** One value as it is stored in the database. An entry of another version is not read. */
interface Entry extends EncryptedText {
  readonly version: 1
  readonly expiresAt?: number | undefined
}

/** An IndexedDB store. */
interface State {
  readonly connection: DatabaseConnection
  readonly clock: Pick<Clock, 'now'>
  readonly degraded: (reason: string) => void
  /** The key that was used last. */
  key: CryptoKey | undefined
}

const keyName = '#key'

const optionNames: OptionNames<IndexedDbStoreOptions> = { name: 'string', onDegraded: 'function', clock: 1 }

/**
 * Values in IndexedDB, encrypted with AES-GCM and a key that cannot be exported: a copied disk reveals nothing, but a
 * script that runs in the page can still use them. If the browser denies the database (some private windows), the values
 * are in memory.
 *
 * Rejects with `STORE_FAILED` if a value cannot be written, or if the database does not answer: a database that is slow,
 * blocked or broken is not an empty one. The next call tries again.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * browserPlatform({ store: indexedDbStore({ name: 'my-app' }) })
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): Store {
  checkOptions('indexedDbStore', options, optionNames)
  const { name = 'imskit', onDegraded, clock = Date } = options
  requireMethods('clock', clock, 'now')
  const fallback = memoryStore({ clock: { now: () => clock.now() } })
  const degraded = oncePerReason(onDegraded)
  const connection = { name, onDenied: degraded, opening: undefined, current: undefined }
  const state: State = { connection, clock, degraded, key: undefined }
  const attempt = <T>(work: (db: UseStore | undefined) => Promise<T>) => attemptTwice(connection, work)
  return {
    get: (id) => attempt((db) => (db ? readValue(state, id, db) : fallback.get(id))),
    set: (id, value, expiresAt) =>
      attempt((db) => (db ? writeEntry(state, id, { value, expiresAt, db }) : fallback.set(id, value, expiresAt))),
    delete: (id) => attempt((db) => (db ? del(id, db) : fallback.delete(id))),
    keys: (prefix) => attempt((db) => (db ? listKeys(state, prefix, db) : fallback.keys(prefix))),
  }
}

function oncePerReason(notify: ((reason: string) => void) | undefined): (reason: string) => void {
  const reported = new Set<string>()
  return (reason) => {
    if (!reported.has(reason)) notify?.(reason)
    reported.add(reason)
  }
}

/**
 * Does `work` on the database, and repeats it once if the connection of this page was closed meanwhile. If the browser
 * denies the database, `work` gets none.
 */
async function attemptTwice<T>(
  connection: DatabaseConnection,
  work: (db: UseStore | undefined) => Promise<T>,
): Promise<T> {
  try {
    const db = await connectDatabase(connection)
    return await work(db).catch(async (error: unknown) => {
      if (db === undefined || !wasClosed(error)) throw error
      disconnectDatabase(connection, db)
      return work(await connectDatabase(connection))
    })
  } catch (error) {
    const message = "The browser's database failed or did not answer; try again, free some space or allow site data"
    throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
  }
}

/** The key of this browser profile. The first tab creates it; if the site's data was deleted, the next write does. */
async function keyOf(state: State, db: UseStore): Promise<CryptoKey> {
  const stored = await get<unknown>(keyName, db)
  if (!(stored instanceof CryptoKey)) {
    const ours = state.key ?? (await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, usages))
    await update<unknown>(keyName, (first) => (first instanceof CryptoKey ? first : ours), db)
  }
  const current = stored instanceof CryptoKey ? stored : await get<CryptoKey>(keyName, db)
  if (current === undefined) throw new DOMException('the key was deleted', 'NotFoundError')
  state.key = current
  return current
}

const usages: KeyUsage[] = ['encrypt', 'decrypt']

async function readValue(state: State, id: string, db: UseStore): Promise<Json | undefined> {
  const entry = await get<unknown>(id, db)
  if (entry === undefined || (isEntry(entry) && hasExpired(state, entry))) return undefined
  if (isEntry(entry)) {
    const key = await keyOf(state, db)
    try {
      return JSON.parse(await decryptText(key, entry, id)) as Json
    } catch {
      // encrypted with another key, or damaged: no later call can read it either
    }
  }
  state.degraded('unreadable entry')
  return undefined
}

async function writeEntry(
  state: State,
  id: string,
  { value, expiresAt, db }: { readonly value: Json; readonly expiresAt: number | undefined; readonly db: UseStore },
): Promise<void> {
  const text = await encryptText(await keyOf(state, db), JSON.stringify(value), id)
  await set(id, { version: 1, ...text, expiresAt } satisfies Entry, db)
}

async function listKeys(state: State, prefix: string, db: UseStore): Promise<string[]> {
  return (await entries<string, Entry>(db))
    .filter(([id, entry]) => id.startsWith(prefix) && isEntry(entry) && !hasExpired(state, entry))
    .map(([id]) => id)
}

function hasExpired({ clock }: State, { expiresAt }: Entry): boolean {
  return expiresAt !== undefined && expiresAt <= clock.now()
}

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'encrypted' in value
  )
}
