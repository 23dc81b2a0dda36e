import { lstatSync, readlinkSync, realpathSync, type Stats, statSync, stat as statWithCallback } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { UnavailableError } from '../../../core/errors.ts'
import { isClosed, userId } from '../files/places.ts'
import { codeOf } from '../files/write-file.ts'
import { unreadable } from './file-format.ts'

// `node:fs/promises` takes a millisecond to load
const stat = promisify(statWithCallback)

/** `same-owner`: follow a symbolic link of this user. `none`: refuse links, because a repository may contain one. */
export type Links = 'same-owner' | 'none'

/**
 * The stats of `path`; `undefined` if it does not exist, `'closed'` if this process may not inspect it.
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
    // a parent is not a directory, so the file cannot exist
    if (codeOf(error) === 'ENOTDIR') return undefined
    throw notRead(path, error)
  }
}

function isForeign(link: Stats, target: Stats | undefined): boolean {
  const user = userId()
  return user !== undefined && ![user, 0, target?.uid].includes(link.uid)
}

// errors that do not disappear by trying again
const lasting = ['ELOOP', 'ENAMETOOLONG', 'EISDIR']

/** The error for a file that could not be read. An error of imskit is returned unchanged. */
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

/** The path that `path` leads to after following all symbolic links, even if no file is there yet. */
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

/** Waits about 5 ms. Also returns if a test has replaced the timers. */
export async function briefly(path: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const elapsed = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(true), 5)
  })
  const systemCall = async () => {
    await stat(path).catch(() => undefined)
    return false
  }
  for (let looks = 0; looks < 100; looks += 1) if (await Promise.race([elapsed, systemCall()])) break
  clearTimeout(timer)
}
