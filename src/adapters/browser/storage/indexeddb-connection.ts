import { promisifyRequest, type UseStore } from 'idb-keyval'

/** The database of one store, opened by the first call. */
export interface DatabaseConnection {
  readonly name: string
  /** Called if the browser denies the database to this origin. */
  readonly onDenied: (reason: string) => void
  opening: Promise<UseStore | undefined> | undefined
  current: UseStore | undefined
}

/** ms that a call waits for the database to open. Another tab may block it for any length of time. */
const patience = 5_000

/** The browser denies this origin a database, now and later. */
class Denied extends Error {}

/**
 * The database, or `undefined` if the browser denies it to this origin.
 *
 * @throws {DOMException} if it does not open at the moment; the next call tries again
 */
export function connectDatabase(connection: DatabaseConnection): Promise<UseStore | undefined> {
  if (connection.opening === undefined) {
    connection.opening = open(connection)
    connection.opening.catch(() => {
      connection.opening = undefined
    })
  }
  return connection.current === undefined ? withinPatience(connection.opening) : connection.opening
}

/** The next {@link connectDatabase} opens the database again, unless it has been opened again already. */
export function disconnectDatabase(connection: DatabaseConnection, closed: UseStore): void {
  if (connection.current !== closed) return
  connection.current = undefined
  connection.opening = undefined
}

/** Whether `error` means that the connection was closed, not that the database failed. */
export function wasClosed(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'InvalidStateError' || error.name === 'AbortError')
}

async function open(connection: DatabaseConnection): Promise<UseStore | undefined> {
  try {
    connection.current = await openDatabase(connection.name)
    return connection.current
  } catch (error) {
    if (!(error instanceof Denied)) throw error
    connection.onDenied(error.message)
    return undefined
  }
}

async function openDatabase(name: string): Promise<UseStore> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    if (!globalThis.indexedDB) throw new Denied('absent')
    const request = indexedDB.open(name)
    request.onupgradeneeded = () => request.result.createObjectStore('entries')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  }).catch(deniedIf('SecurityError', 'InvalidStateError'))
  // another tab that deletes the site's data waits until this tab closes its connection
  db.onversionchange = () => db.close()
  const store: UseStore = async (mode, work) => work(db.transaction('entries', mode).objectStore('entries'))
  // some private windows provide a database that cannot be written to
  await store('readwrite', ({ transaction }) => promisifyRequest(transaction)).catch(deniedIf('ReadOnlyError'))
  return store
}

const deniedIf =
  (...names: readonly string[]) =>
  (error: unknown): never => {
    throw error instanceof DOMException && names.includes(error.name) ? new Denied(error.name) : error
  }

/** `opening`, or a rejection after {@link patience}; the database itself continues to open. */
function withinPatience<T>(opening: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new DOMException('the database did not open', 'TimeoutError'))
    const timer = setTimeout(fail, patience)
    opening.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
