import { lstatSync, readlinkSync, realpathSync, type Stats, statSync, stat as statWithCallback } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { UnavailableError } from '../../../core/errors.ts'
import { isClosed, userId } from '../files/places.ts'
import { codeOf } from '../files/write-file.ts'
import { unreadable } from './file-format.ts'

// `node:fs/promises` takes a millisecond to load
const stat = promisify(statWithCallback)

/** `same-owner`: a symbolic link of this user is followed. `none`: a link is refused, as a repository may bring one. */
export type Links = 'same-owner' | 'none'

/**
 * What is at `path`; `undefined` if nothing is. A place that this process may not look at is `'closed'`.
 * @throws ConfigurationError `CONFIG_UNREADABLE` for a link that is not followed
 * @throws UnavailableError `STORE_FAILED`
 */
export function look(path: string, links: Links): Stats | 'closed' | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined || !found.isSymbolicLink()) return found
    if (links === 'none')
      throw unreadable(path, 'is a symbolic link, and links are not followed in a working directory')
    const target = statSync(path, { throwIfNoEntry: false })
    if (isForeign(found, target)) throw unreadable(path, 'is a symbolic link that belongs to another user')
    return target
  } catch (error) {
    if (isClosed(error)) return 'closed'
    // a file where a directory was expected: nothing can be in there
    if (codeOf(error) === 'ENOTDIR') return undefined
    throw notRead(path, error)
  }
}

function isForeign(link: Stats, target: Stats | undefined): boolean {
  const user = userId()
  return user !== undefined && ![user, 0, target?.uid].includes(link.uid)
}

// what trying again does not change
const lasting = ['ELOOP', 'ENAMETOOLONG', 'EISDIR']

/** The error for a file that could not be read. One of ours stays as it is. */
export function notRead(path: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === 'CONFIG_UNREADABLE') return error
  if (lasting.includes(code)) return unreadable(path, `cannot be read (${code})`)
  return new UnavailableError(
    'STORE_FAILED',
    `Could not read the configuration file ${path} (${code}). Check that this user can read it, then try again.`,
    { details: { path, code } },
  )
}

/** Where a symbolic link at `path` ends, also one that leads nowhere yet. */
export function realPath(path: string): string {
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

/** Waits about 5 ms, and also ends if a test has replaced the timers. */
export async function briefly(path: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const elapsed = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(true), 5)
  })
  const asked = async () => {
    await stat(path).catch(() => undefined)
    return false
  }
  for (let looks = 0; looks < 100; looks += 1) if (await Promise.race([elapsed, asked()])) break
  clearTimeout(timer)
}
