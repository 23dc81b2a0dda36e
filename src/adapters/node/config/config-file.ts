import type { Stats } from 'node:fs'
import { devNull } from 'node:os'
import { UnavailableError } from '../../../core/errors.ts'
import { withLockFile } from '../files/lock-file.ts'
import { sharedLockState } from '../files/lock-shared.ts'
import { sweepTemporaries, temporaryName } from '../files/temporary-files.ts'
import { isSameFile, removeIfPresent, reserveFile, writeFileAtomic } from '../files/write-file.ts'
import { type ConfigCopy, emptyCopy, loadConfig } from './config-load.ts'
import type { ConfigObject } from './config-tree.ts'
import { findCoreConfig } from './core-config.ts'
import { type Parsed, printConfig, unreadable } from './file-format.ts'
import { prune } from './json-text.ts'
import { type Links, look, notRead, realPath } from './look.ts'
import { holdsSecret } from './secret-names.ts'

/** One configuration file, shared with other processes and with `@adobe/aio-lib-core-config`. */
export interface ConfigFile {
  readonly path: string
  /**
   * The current content of the file: one `lstat`, and a parse only if the file changed. `{}` if the file does not exist,
   * or if this process may not inspect it and has never read it. The result must not be changed.
   * @throws ConfigurationError `CONFIG_UNREADABLE`, naming `path`, if the content is invalid
   * @throws UnavailableError `STORE_FAILED`, naming `path`, if the file cannot be read
   */
  read(): ConfigObject | Promise<ConfigObject>
  /**
   * Replaces the content by the result of `change`, atomically and under the lock of the file. `change` must be pure: it
   * is called again if a program that does not use the lock wrote the file meanwhile. If it returns its argument, the
   * file is not written. A file that contains a secret gets mode 0600.
   * @throws ConfigurationError `CONFIG_UNREADABLE`: the file is unchanged
   * @throws UnavailableError `STORE_FAILED` or `TIMEOUT`, naming the path: the file is unchanged
   */
  update(change: Change): Promise<void>
  /**
   * Creates the temporary file of a later update, with space for `more` bytes than the file has now.
   * @throws UnavailableError `STORE_FAILED`, naming the path: the update would fail
   */
  prepare(more: number): Promise<PreparedFile>
}

type Change = (tree: ConfigObject) => ConfigObject

export interface PreparedFile {
  /** Like {@link ConfigFile.update}; can be called once. */
  update(change: Change): Promise<void>
  /** Removes the temporary file, unless an update has used it. */
  discard(): void
}

// how long a renewal, which blocks other renewals, waits for the lock of the file
const prepareTimeout = 8_000
const mostAttempts = 20

/** A file whose directory does not exist: it is empty, and every write rejects with `error`. */
export function missingFile(error: Error): ConfigFile {
  const fail = () => Promise.reject(error)
  return { path: '', read: () => emptyCopy.tree, update: fail, prepare: fail }
}

export function configFile(path: string, links: Links = 'same-owner'): ConfigFile {
  const state: FileState = { path, links, copy: undefined }
  return {
    path,
    read() {
      const copy = currentCopy(state)
      return copy instanceof Promise ? copy.then(({ tree }) => tree) : copy.tree
    },
    update: (change) => updateFile(state, change),
    prepare: (more) => prepareFile(state, more),
  }
}

interface FileState {
  readonly path: string
  readonly links: Links
  /** The content that was read or written last. */
  copy: ConfigCopy | undefined
}

function currentCopy(state: FileState): ConfigCopy | Promise<ConfigCopy> {
  const { path, links, copy } = state
  const stats = look(path, links)
  if (stats === 'closed') {
    // the file that was read before may still exist
    if (copy?.stats !== undefined) throw notRead(path, { code: 'EACCES' })
    return emptyCopy
  }
  if (copy?.settled && isSameFile(copy.stats, stats)) return copy
  return reload(state, stats)
}

async function reload(state: FileState, stats: Stats | undefined): Promise<ConfigCopy> {
  state.copy = await loadConfig(state.path, state.links, stats)
  return state.copy
}

/** Writes the file under its lock; `reserved` is the temporary file of {@link prepareFile}. */
async function updateFile(state: FileState, change: Change, reserved?: string): Promise<void> {
  const { path, links } = state
  // users set the path to the null device to store no configuration
  if (path === devNull) return
  look(path, links)
  const target = realPath(path)
  await withLockFile(`${target}.lock`, async (temporary) => {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1)
      if (await writeOnce(state, change, { target, temporary, reserved })) return
    throw new UnavailableError(
      'STORE_FAILED',
      `Could not write ${path}, because other programs keep changing it. Try again.`,
      { details: { path } },
    )
  })
}

interface Writing {
  /** The file to write, with all links followed. */
  readonly target: string
  readonly temporary: string
  readonly reserved: string | undefined
}

/** Resolves to `false` if another program changed the file meanwhile, so that it was not written. */
async function writeOnce(state: FileState, change: Change, writing: Writing): Promise<boolean> {
  const { target, reserved } = writing
  const { tree, format, stats } = await currentCopy(state)
  const changed = change(tree)
  if (changed === tree) return true
  const { next, content } = await print({ tree: changed, format }, state.path)
  const lock = `${target}.lock`
  sweepTemporaries(lock)
  const replaced = await findCoreConfig()
  const temporary = reserved?.startsWith(`${lock}.`) ? reserved : writing.temporary
  const written = await writeFileAtomic(target, content, {
    temporary,
    reserved: temporary === reserved,
    replaces: stats,
    replaced,
    ...(holdsSecret(next.tree) && { mode: 0o600 }),
  })
  if (written === undefined) return false
  // two YAML texts often have the same length, so a change within one timestamp step could be missed
  state.copy = { ...next, stats: written, settled: format === 'json' }
  return true
}

async function prepareFile(state: FileState, more: number): Promise<PreparedFile> {
  const { path, links } = state
  if (path === devNull) return { update: async () => {}, discard() {} }
  look(path, links)
  const target = realPath(path)
  const lock = `${target}.lock`
  const reserved = temporaryName(lock)
  const { held } = sharedLockState()
  const discard = () => {
    held.delete(reserved)
    removeIfPresent(reserved)
  }
  held.set(reserved, discard)
  const reserve = () => {
    const stats = look(target, 'same-owner')
    return reserveFile(target, reserved, (typeof stats === 'object' ? stats.size : 0) + more)
  }
  await withLockFile(lock, reserve, { wait: prepareTimeout }).catch((error) => {
    discard()
    throw error
  })
  return { update: (change) => updateFile(state, change, reserved).finally(discard), discard }
}

async function print({ tree, format }: Parsed, path: string): Promise<{ next: Parsed; content: string | Uint8Array }> {
  try {
    const next = { tree: prune(tree), format }
    return { next, content: await printConfig(next) }
  } catch {
    // changes are checked before, so the cause is in the old content
    throw unreadable(path, 'is nested too deeply')
  }
}
