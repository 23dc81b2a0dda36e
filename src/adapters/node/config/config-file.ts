import { readlinkSync, realpathSync, type Stats } from 'node:fs'
import { devNull } from 'node:os'
import { dirname, resolve } from 'node:path'
import { UnavailableError } from '../../../core/errors.ts'
import { withLockFile } from '../lock-file.ts'
import { shared } from '../lock-shared.ts'
import { readRegularFile } from '../read-file.ts'
import { sweepTemporaries, temporaryName } from '../temporary-files.ts'
import { codeOf, fileStats, isSameFile, remove, reserveFile, writeFileAtomic } from '../write-file.ts'
import type { ConfigObject } from './config-tree.ts'
import { type Parsed, parseConfig, printConfig, unreadable } from './file-format.ts'
import { prune } from './json-text.ts'

/** One configuration file, shared with other processes and with the old library. */
export interface ConfigFile {
  readonly path: string
  /**
   * What the file holds now: one `stat`, and a parse only where the file changed. `{}` where there is none.
   * The result must not be changed.
   * @throws ConfigurationError `CONFIG_UNREADABLE`, naming `path`, if it is damaged
   * @throws UnavailableError `STORE_FAILED`, naming `path`, if it cannot be read
   */
  read(): ConfigObject | Promise<ConfigObject>
  /**
   * Replaces the content by what `change` makes of it, under the lock of the file and in one step. `change` must be
   * pure: it is called again where someone who knows no lock has written meanwhile. Returning what it got writes
   * nothing.
   * @throws ConfigurationError `CONFIG_UNREADABLE`: the file is left as it is
   * @throws UnavailableError `STORE_FAILED` or `TIMEOUT`, naming the path: the file is left as it is
   */
  update(change: Change, signal?: AbortSignal): Promise<void>
  /**
   * Creates the temporary file of a later update, with room for `more` bytes than the file has now.
   * @throws UnavailableError `STORE_FAILED`, naming the path: the update would fail
   */
  prepare(more: number): Promise<PreparedFile>
}

type Change = (tree: ConfigObject) => ConfigObject

export interface PreparedFile {
  /** As {@link ConfigFile.update}, once. */
  update(change: Change, signal?: AbortSignal): Promise<void>
  /** Removes the temporary file, if no update has used it. */
  discard(): void
}

interface Copy extends Parsed {
  readonly stats: Stats | undefined
  /** False where the file was so young that a further change needn't show in its `stat`. */
  readonly settled: boolean
}

// the clocks that file systems stamp with move in steps of up to 10 ms
const stampStep = 20
// how long someone who writes in place, as the old library does, may need between emptying a file and filling it
const writingTime = 100
// how long a renewal, which others wait for, waits for the file's lock
const preparing = 8_000

export function configFile(path: string): ConfigFile {
  let copy: Copy | undefined

  async function refresh(stats: Stats | undefined): Promise<Copy> {
    copy = await load(path, stats)
    return copy
  }

  function current(): Copy | Promise<Copy> {
    const stats = look(path)
    if (copy?.settled && isSameFile(copy.stats, stats)) return copy
    return refresh(stats)
  }

  async function update(change: Change, { signal, reserved }: { signal?: AbortSignal | undefined; reserved?: string }) {
    // the usual way to say: store nothing
    if (path === devNull) return
    const target = realPath(path)
    const lock = `${target}.lock`
    const task = async (scratch: string) => {
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const { tree, format, stats } = await current()
        const changed = change(tree)
        if (changed === tree) return
        const { next, content } = await print({ tree: changed, format }, path)
        sweepTemporaries(lock)
        const temporary = reserved?.startsWith(`${lock}.`) ? reserved : scratch
        const written = await writeFileAtomic(target, content, {
          temporary,
          reserved: temporary === reserved,
          replaces: stats,
        })
        if (written === undefined) continue
        // sorted keys make two YAML texts of one length likely
        copy = { ...next, stats: written, settled: format === 'json' }
        return
      }
      throw new UnavailableError('STORE_FAILED', `Could not write ${path}: others change it all the time. Try again.`, {
        details: { path },
      })
    }
    await withLockFile(lock, task, { signal })
  }

  return {
    path,
    read() {
      const now = current()
      return now instanceof Promise ? now.then(({ tree }) => tree) : now.tree
    },
    update: (change, signal) => update(change, { signal }),
    async prepare(more) {
      if (path === devNull) return { update: async () => {}, discard() {} }
      const target = realPath(path)
      const lock = `${target}.lock`
      const reserved = temporaryName(lock)
      const { held } = shared()
      const discard = () => {
        held.delete(reserved)
        remove(reserved)
      }
      held.set(reserved, discard)
      const reserve = () => reserveFile(target, reserved, (look(target)?.size ?? 0) + more)
      await withLockFile(lock, reserve, { wait: preparing }).catch((error) => {
        discard()
        throw error
      })
      return {
        update: (change, signal) => update(change, { signal, reserved }).finally(discard),
        discard,
      }
    },
  }
}

function look(path: string): Stats | undefined {
  try {
    return fileStats(path)
  } catch (error) {
    throw notRead(path, error)
  }
}

// what trying again does not change
const lasting = ['ELOOP', 'ENAMETOOLONG', 'EISDIR']

function notRead(path: string, error: unknown): Error {
  const code = codeOf(error)
  if (lasting.includes(code)) return unreadable(path, `cannot be read (${code})`)
  return new UnavailableError(
    'STORE_FAILED',
    `Could not read the configuration file ${path} (${code}). Check that this user can read it, then try again.`,
    { details: { path, code } },
  )
}

async function load(path: string, first: Stats | undefined): Promise<Copy> {
  for (let stats = first; ; stats = look(path)) {
    if (stats === undefined || path === devNull) return { tree: {}, format: 'json', stats, settled: true }
    if (!stats.isFile()) throw unreadable(path, `is ${stats.isDirectory() ? 'a directory' : 'not a regular file'}`)
    const age = Date.now() - stats.mtimeMs
    const young = age >= 0 && age < writingTime
    try {
      const text = readText(path)
      if (text !== undefined && !(young && text === '')) {
        const parsed = parseConfig(text, path)
        return { ...(parsed instanceof Promise ? await parsed : parsed), stats, settled: Math.abs(age) > stampStep }
      }
    } catch (error) {
      if (!young) throw error
    }
    await new Promise((done) => setTimeout(done, 5))
  }
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw notRead(path, error)
  }
}

async function print({ tree, format }: Parsed, path: string): Promise<{ next: Parsed; content: string | Uint8Array }> {
  try {
    const next = { tree: prune(tree), format }
    return { next, content: await printConfig(next) }
  } catch {
    // nothing that was put in is refused here, so it is something that was there
    throw unreadable(path, 'is nested too deeply')
  }
}

/** Where a symbolic link at `path` ends, also one that leads nowhere yet. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw notRead(path, error)
  }
  const link = linkTarget(path)
  return link === undefined ? path : realPath(resolve(dirname(path), link))
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
