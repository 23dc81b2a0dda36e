import { mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError, UnavailableError } from '../../../core/errors.ts'
import { checkOptions, type OptionNames, requireMethods } from '../../../core/options.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import { copyJson } from './copy-json.ts'
import { fileNameOf } from './file-name.ts'
import { readRegularFile } from './read-file.ts'
import { placeRemedy, requireOwnDirectory, stateDirectory } from './state-directory.ts'
import { sweepTemporaries } from './temporary-files.ts'
import { codeOf, writeFileAtomic } from './write-file.ts'

export interface FileStoreOptions {
  /** Default: `$XDG_STATE_HOME/imskit/tokens`, else `~/.local/state/imskit/tokens`; created with mode 0700. */
  readonly directory?: string | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

const optionNames: OptionNames<FileStoreOptions> = { directory: 'string', clock: 1 }

/**
 * Stores each value in its own file with mode 0600. The file is named after a digest of the key and replaced
 * atomically, so a reader never sees half a value. A file that this store did not write counts as missing.
 * @throws UnavailableError `STORE_FAILED`, naming the path, if a value cannot be read, written or removed, or if another
 *   user owns the directory or all users may write to it
 * @example
 * const ims = createClient({ flow, store: fileStore({ directory: '/var/lib/my-app/tokens' }) })
 */
export function fileStore(options: FileStoreOptions = {}): Store {
  checkOptions('fileStore', options, optionNames)
  const { clock = Date } = options
  requireMethods('clock', clock, 'now')
  const directory = () => {
    const place = options.directory ?? stateDirectory('tokens')
    requireOwnDirectory(place)
    return place
  }
  const entryAt = (path: string) => {
    const entry = readEntry(path)
    return entry?.expiresAt !== undefined && entry.expiresAt <= clock.now() ? undefined : entry
  }
  return {
    async get(key) {
      const entry = entryAt(await pathOf(directory(), key))
      return entry?.key === key ? entry.value : undefined
    },
    async set(key, value, expiresAt) {
      const place = directory()
      const path = await pathOf(place, key)
      const content = JSON.stringify({ key, value: copyJson(value, badValue), expiresAt })
      makeDirectory(place)
      sweepTemporaries(path, ownTemporary)
      await writeFileAtomic(path, content, { mode: 0o600 })
    },
    async delete(key) {
      const path = await pathOf(directory(), key)
      sweepTemporaries(path, ownTemporary)
      removeFile(path)
    },
    async keys(prefix) {
      const place = directory()
      const entries = filesIn(place).map((name) => entryAt(join(place, name)))
      return entries.flatMap((entry) => (entry?.key.startsWith(prefix) ? [entry.key] : []))
    },
  }
}

const ownTemporary = /^[0-9a-f]{64}\.json\./

interface Entry {
  readonly key: string
  readonly value: Json
  readonly expiresAt?: number
}

/** `undefined` if no entry of this store is there. Throws if the file cannot be read. */
function readEntry(path: string): Entry | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  try {
    const { key, value, expiresAt } = JSON.parse(text)
    if (typeof key !== 'string' || value === undefined) return undefined
    if (expiresAt === undefined) return { key, value: copyJson(value, badValue) }
    return Number.isFinite(expiresAt) ? { key, value: copyJson(value, badValue), expiresAt } : undefined
  } catch {
    return undefined
  }
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw failure(`Could not read ${path}`, path, error)
  }
}

/** The error for a value that JSON does not represent. */
export function badValue(): Error {
  return new ConfigurationError(
    'BAD_OPTION',
    'The value to store is not plain JSON data. Pass objects, arrays, strings, numbers and booleans only.',
  )
}

async function pathOf(directory: string, key: string): Promise<string> {
  return join(directory, `${await fileNameOf(key)}.json`)
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw failure(`Could not create ${directory}`, directory, error)
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw failure(`Could not remove ${path}`, path, error)
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw failure(`Could not read ${directory}`, directory, error)
  }
}

function failure(what: string, path: string, error: unknown): UnavailableError {
  const code = codeOf(error)
  return new UnavailableError('STORE_FAILED', `${what} (${code}). ${placeRemedy}`, { details: { path, code } })
}
