import type { Stats } from 'node:fs'
import { devNull } from 'node:os'
import { UnavailableError } from '../../../core/errors.ts'
import { withLockFile } from '../files/lock-file.ts'
import { sharedLockState } from '../files/lock-shared.ts'
import { readRegularFile } from '../files/read-file.ts'
import { sweepTemporaries, temporaryName } from '../files/temporary-files.ts'
import { codeOf, isSameFile, removeIfPresent, reserveFile, writeFileAtomic } from '../files/write-file.ts'
import type { ConfigObject } from './config-tree.ts'
import { findCoreConfig } from './core-config.ts'
import { type Parsed, parseConfig, printConfig, unreadable } from './file-format.ts'
import { prune } from './json-text.ts'
import { briefly, type Links, look, notRead, realPath } from './look.ts'
import { holdsSecret } from './secret-names.ts'

/** One configuration file, shared with other processes and with the old library. */
export interface ConfigFile {
  readonly path: string
  /**
   * What the file holds now: one `lstat`, and a parse only if the file changed. `{}` if there is none, or if this
   * process may not look at it and has never read it.
   * The result must not be changed.
   * @throws ConfigurationError `CONFIG_UNREADABLE`, naming `path`, if it is damaged
   * @throws UnavailableError `STORE_FAILED`, naming `path`, if it cannot be read
   */
  read(): ConfigObject | Promise<ConfigObject>
  /**
   * Replaces the content by what `change` makes of it, under the lock of the file and in one step. `change` must be
   * pure: it is called again where someone who knows no lock has written meanwhile. Returning what it got writes
   * nothing. A file that holds a secret has mode 0600 afterwards.
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
const mostLooks = 40
// how long a renewal, which others wait for, waits for the file's lock
const preparing = 8_000

const nothing: Copy = { tree: {}, format: 'json', stats: undefined, settled: true }

/** The file of a place that does not exist: nothing is in it, and every write fails with `error`. */
export function missingFile(error: Error): ConfigFile {
  const fail = () => Promise.reject(error)
  return { path: '', read: () => nothing.tree, update: fail, prepare: fail }
}

export function configFile(path: string, links: Links = 'same-owner'): ConfigFile {
  let copy: Copy | undefined

  async function refresh(stats: Stats | undefined): Promise<Copy> {
    copy = await load(path, links, stats)
    return copy
  }

  function current(): Copy | Promise<Copy> {
    const stats = look(path, links)
    if (stats === 'closed') {
      // what was read before is not known to be gone
      if (copy?.stats !== undefined) throw notRead(path, { code: 'EACCES' })
      return nothing
    }
    if (copy?.settled && isSameFile(copy.stats, stats)) return copy
    return refresh(stats)
  }

  async function update(change: Change, { signal, reserved }: { signal?: AbortSignal | undefined; reserved?: string }) {
    // the usual way to say: store nothing
    if (path === devNull) return
    look(path, links)
    const target = realPath(path)
    const lock = `${target}.lock`
    const task = async (scratch: string) => {
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const { tree, format, stats } = await current()
        const changed = change(tree)
        if (changed === tree) return
        const { next, content } = await print({ tree: changed, format }, path)
        sweepTemporaries(lock)
        const replaced = await findCoreConfig()
        const temporary = reserved?.startsWith(`${lock}.`) ? reserved : scratch
        const written = await writeFileAtomic(target, content, {
          temporary,
          reserved: temporary === reserved,
          replaces: stats,
          replaced,
          ...(holdsSecret(next.tree) && { mode: 0o600 }),
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

async function load(path: string, links: Links, first: Stats | undefined): Promise<Copy> {
  let stats: Stats | 'closed' | undefined = first
  // a clock that stands still, as in tests, never makes a file older
  for (let looks = 0; ; looks += 1, stats = look(path, links)) {
    if (stats === 'closed') throw notRead(path, { code: 'EACCES' })
    if (stats === undefined || path === devNull) return { ...nothing, stats }
    if (!stats.isFile()) throw unreadable(path, `is ${stats.isDirectory() ? 'a directory' : 'not a regular file'}`)
    const age = Date.now() - stats.mtimeMs
    const young = age >= 0 && age < writingTime && looks < mostLooks
    try {
      const text = readText(path)
      if (text !== undefined && !(young && text === '')) {
        const parsed = parseConfig(text, path)
        return { ...(parsed instanceof Promise ? await parsed : parsed), stats, settled: Math.abs(age) > stampStep }
      }
      if (looks >= mostLooks) throw unreadable(path, 'is not a regular file')
    } catch (error) {
      if (!young) throw error
    }
    await briefly(path)
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
