import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigurationError, UnavailableError } from '../../core/errors.ts'
import type { Clock, Json, Store } from '../../core/ports.ts'
import { copyJson } from './config/config-tree.ts'
import { stateDirectory } from './lock-file.ts'
import { codeOf, writeFileAtomic } from './write-file.ts'

export interface FileStoreOptions {
  /** Default: `$XDG_STATE_HOME/imskit/tokens`, else `~/.local/state/imskit/tokens`; made with mode 0700. */
  readonly directory?: string | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/**
 * Keeps each value in a file of its own, mode 0600, named after a digest of its key and replaced in one step: no
 * reader ever sees half a value. What is there but isn't what this store wrote counts as missing.
 * @throws UnavailableError `STORE_FAILED`, naming the path, when a value can't be written or removed
 */
export function fileStore(options: FileStoreOptions = {}): Store {
  const { directory = stateDirectory('tokens'), clock = Date } = options
  const entryAt = (path: string) => {
    const entry = readEntry(path)
    return entry?.expiresAt !== undefined && entry.expiresAt <= clock.now() ? undefined : entry
  }
  return {
    async get(key) {
      const entry = entryAt(await pathOf(directory, key))
      return entry?.key === key ? entry.value : undefined
    },
    async set(key, value, expiresAt) {
      const path = await pathOf(directory, key)
      const content = JSON.stringify({ key, value: copyJson(value, badValue), expiresAt })
      await makeDirectory(directory)
      await writeFileAtomic(path, content, { mode: 0o600 })
    },
    async delete(key) {
      const path = await pathOf(directory, key)
      const { rm } = await import('node:fs/promises')
      await rm(path, { force: true }).catch((error) => fail(path, error))
    },
    async keys(prefix) {
      const entries = filesIn(directory).map((name) => entryAt(join(directory, name)))
      return entries.flatMap((entry) => (entry?.key.startsWith(prefix) ? [entry.key] : []))
    },
  }
}

interface Entry {
  readonly key: string
  readonly value: Json
  readonly expiresAt?: number
}

function readEntry(path: string): Entry | undefined {
  try {
    // a pipe or a device would never end
    if (!statSync(path).isFile()) return undefined
    const { key, value, expiresAt } = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof key !== 'string' || value === undefined) return undefined
    if (expiresAt === undefined) return { key, value: copyJson(value, badValue) }
    return Number.isFinite(expiresAt) ? { key, value: copyJson(value, badValue), expiresAt } : undefined
  } catch {
    return undefined
  }
}

function badValue(): Error {
  return new ConfigurationError('BAD_OPTION', 'The value to store is not plain JSON data. Pass plain data.')
}

async function pathOf(directory: string, key: string): Promise<string> {
  const { createHash } = await import('node:crypto')
  return join(directory, `${createHash('sha256').update(key).digest('hex')}.json`)
}

async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error) => fail(directory, error))
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
  } catch {
    return []
  }
}

function fail(path: string, error: unknown): never {
  throw new UnavailableError(
    'STORE_FAILED',
    `Could not change ${path} (${codeOf(error)}). Check who may write there.`,
    {
      details: { path, code: codeOf(error) },
    },
  )
}
