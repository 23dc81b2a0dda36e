import { UnavailableError } from '../../../core/errors.ts'
import { checkOptions, type OptionNames, requireMethods } from '../../../core/options.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import { safeCause } from '../../../core/redact.ts'

export interface SessionStoreOptions {
  /** The highest number of entries per kind of key; the oldest are removed. Default: 20. */
  readonly most?: number | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

interface Entry {
  readonly value: Json
  readonly expiresAt: number
  readonly setAt: number
}

const optionNames: OptionNames<SessionStoreOptions> = { most: 'number', clock: 1 }

/**
 * Values of one tab, in `sessionStorage`: pending logins are stored here while the user is at IMS. Abandoned logins
 * expire and are limited in number, so that they never block a new one. If the browser denies the storage: in memory.
 *
 * Rejects with `STORE_FAILED` if the storage exists but cannot be read.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * createClient({ flow, store: indexedDbStore(), pending: sessionStore(), lock: webLock(), redirect })
 */
export function sessionStore(options: SessionStoreOptions = {}): Store {
  checkOptions('sessionStore', options, optionNames)
  const { most = 20, clock = Date } = options
  requireMethods('clock', clock, 'now')
  const memory = new Map<string, string>()

  function read(key: string): Entry | undefined {
    const text = memory.get(key) ?? storage()?.getItem(key) ?? 'null'
    const entry = parse(text)
    const whole =
      typeof entry === 'object' && entry !== null && 'value' in entry && 'expiresAt' in entry && 'setAt' in entry
    if (!whole || Number(entry.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now()) return undefined
    return entry as Entry
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

  /** Removes the oldest entries of the same kind: their keys differ only in the last part. */
  function makeRoomFor(key: string): void {
    const ofKind = keys(key.slice(0, key.lastIndexOf('/') + 1)).map((key) => ({ key, entry: read(key) }))
    for (const { key, entry } of ofKind) if (entry === undefined) remove(key)
    const alive = ofKind
      .filter(({ entry }) => entry !== undefined)
      .sort((a, b) => (a.entry?.setAt ?? 0) - (b.entry?.setAt ?? 0))
    for (const { key } of alive.slice(0, Math.max(0, alive.length - most + 1))) remove(key)
  }

  function write(key: string, text: string): void {
    remove(key)
    try {
      const stored = storage()
      if (stored === undefined) memory.set(key, text)
      else stored.setItem(key, text)
    } catch {
      // the storage is full; a login in a popup or frame needs no page load, so memory is enough
      memory.set(key, text)
    }
  }

  return {
    get: (key) => attempt(() => read(key)?.value),
    set: (key, value, expiresAt) =>
      attempt(() => {
        if (read(key) === undefined) makeRoomFor(key)
        write(key, JSON.stringify({ value, expiresAt: expiresAt ?? null, setAt: clock.now() }))
      }),
    delete: (key) => attempt(() => remove(key)),
    keys: (prefix) => attempt(() => keys(prefix).filter((key) => read(key) !== undefined)),
  }
}

async function attempt<T>(work: () => T): Promise<T> {
  try {
    return work()
  } catch (error) {
    const message = "The browser's sessionStorage failed; reload the page or allow site data"
    throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `undefined` if site data is blocked: then reading the property throws, and in some web views it is `null`. */
export function storage(): Storage | undefined {
  try {
    return globalThis.sessionStorage ?? undefined
  } catch {
    return undefined
  }
}
