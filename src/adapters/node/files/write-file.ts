import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { UnavailableError } from '../../../core/errors.ts'
import { temporaryName } from './temporary-files.ts'

export interface WriteOptions {
  /** Permission bits; default: those of the file that is replaced, 0600 for a new one. */
  readonly mode?: number
  /** Name of the temporary file, in the directory of the target; default: a unique name. */
  readonly temporary?: string
  /** Whether {@link reserveFile} created the temporary file: the content is written into its reserved space. */
  readonly reserved?: boolean
  /** Write only if the file is still this one, according to {@link fileStats} (`undefined`: still missing). */
  readonly replaces?: Stats | undefined
  /** Called right after the file was replaced, before any other code of this process runs. */
  readonly replaced?: (() => void) | undefined
}

/** The file at `path`, following symbolic links; `undefined` if it does not exist. Throws the error of `stat`. */
export function fileStats(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    // a parent is not a directory, so the file cannot exist
    if (codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Whether both stats describe the same file with the same content, as far as the file system shows. */
export function isSameFile(a: Stats | undefined, b: Stats | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.ino === b.ino
}

/** The `code` of a failed system call, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? 'UNKNOWN')
}

/**
 * Replaces the file at `path` atomically: a reader sees either the whole old or the whole new content, even if this
 * process dies. The new content is flushed to the disk before the file is renamed. A symbolic link at `path` is
 * replaced, not followed.
 *
 * Resolves to the stats of the new file, or to `undefined` if the file was not `replaces` and was not written.
 * @throws UnavailableError `STORE_FAILED`, naming `path`; the old file is unchanged and no temporary file remains.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<Stats | undefined> {
  let temporary: string | undefined
  try {
    const old = fileStats(path)
    if (old !== undefined && !old.isFile()) throw Object.assign(new Error(), { code: 'not a regular file' })
    const target = options.temporary ?? temporaryName(path)
    const descriptor = (options.reserved && openReserved(target)) || openNew(target)
    temporary = target
    const written = await fill(descriptor, content, { old, mode: options.mode })
    if ('replaces' in options && !isSameFile(fileStats(path), options.replaces)) {
      unlinkSync(temporary)
      return undefined
    }
    await moveOver(temporary, path, options.replaced)
    return written
  } catch (error) {
    if (temporary !== undefined) removeIfPresent(temporary)
    throw notWritten(path, error)
  }
}

/**
 * Creates a temporary file for a later {@link writeFileAtomic} to `path`, with `size` bytes reserved on the disk.
 * @throws UnavailableError `STORE_FAILED`, naming `path`: the later write would fail; no file remains
 */
export async function reserveFile(path: string, temporary: string, size: number): Promise<void> {
  try {
    const descriptor = openNew(temporary)
    try {
      writeFileSync(descriptor, Buffer.alloc(size))
      // some file systems allocate only now
      await synchronize(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    removeIfPresent(temporary)
    throw notWritten(path, error)
  }
}

function notWritten(path: string, error: unknown): UnavailableError {
  return new UnavailableError(
    'STORE_FAILED',
    `Could not write ${path} (${codeOf(error)}); the old content is unchanged. ` +
      'Check that its directory is writable and that the disk has space.',
    { details: { path, code: codeOf(error) } },
  )
}

/** Removes a file, if it exists; errors are ignored. */
export function removeIfPresent(path: string): void {
  try {
    unlinkSync(path)
  } catch {}
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    unlinkSync(path)
    return openSync(path, 'wx', 0o600)
  }
}

/** `undefined` if the file no longer exists. */
function openReserved(path: string): number | undefined {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return undefined
  }
}

function synchronize(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(descriptor, (error) => (error ? reject(error) : resolve())))
}

async function fill(
  descriptor: number,
  content: string | Uint8Array,
  { old, mode }: { old: Stats | undefined; mode: number | undefined },
): Promise<Stats> {
  try {
    writeFileSync(descriptor, content)
    ftruncateSync(descriptor, Buffer.byteLength(content))
    const sameGroup = keepOwner(descriptor, old)
    const kept = old === undefined ? 0o600 : old.mode & 0o777
    const bits = mode ?? (sameGroup ? kept : kept & 0o707)
    if (bits !== 0o600) fchmodSync(descriptor, bits)
    await synchronize(descriptor)
    return fstatSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** If a superuser writes, gives the new file to the owner of the old one. Returns whether the group is the same. */
function keepOwner(descriptor: number, old: Stats | undefined): boolean {
  if (old === undefined || process.platform === 'win32') return true
  const own = fstatSync(descriptor)
  if (own.uid === old.uid && own.gid === old.gid) return true
  try {
    fchownSync(descriptor, old.uid, old.gid)
    return true
  } catch {
    return own.gid === old.gid
  }
}

/** Windows refuses to replace a file that another process has open, so this retries for a second. */
async function moveOver(from: string, to: string, moved?: () => void): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      renameSync(from, to)
      moved?.()
      return
    } catch (error) {
      const busy = ['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error))
      if (process.platform !== 'win32' || !busy || attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
