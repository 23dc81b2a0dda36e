import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { UnavailableError } from '../../../core/errors.ts'
import { homeDirectory, userId } from './places.ts'

/** What a user can do if files cannot be created in the state directory. */
export const placeRemedy =
  'Pass `directory`, set XDG_STATE_HOME to a directory that this user can write to, or correct its permissions.'

/**
 * `$XDG_STATE_HOME/imskit/<name>`, else `~/.local/state/imskit/<name>`.
 * @throws UnavailableError `STORE_FAILED` if the user has no home directory
 */
export function stateDirectory(name: string): string {
  return join(process.env.XDG_STATE_HOME || join(home(), '.local', 'state'), 'imskit', name)
}

function home(): string {
  const directory = homeDirectory()
  if (directory !== undefined) return directory
  throw new UnavailableError(
    'STORE_FAILED',
    `The home directory of this user is not known, so there is no place for tokens. ${placeRemedy}`,
  )
}

/**
 * Refuses a directory for tokens or locks that others control: another user owns it, or everyone may write to it.
 * One that does not exist yet is made by its first user.
 * @throws UnavailableError `STORE_FAILED`
 */
export function requireOwnDirectory(path: string): void {
  const user = userId()
  // Windows has access lists instead
  if (user === undefined) return
  let problem: string | undefined
  const stats = statsOf(path)
  if (stats === undefined) return
  if (![user, 0].includes(stats.uid)) problem = `belongs to another user (${stats.uid})`
  else if ((stats.mode & 0o002) !== 0) problem = 'can be written to by everyone'
  if (problem === undefined) return
  throw new UnavailableError(
    'STORE_FAILED',
    `The directory ${path} ${problem}, so nothing is stored there. ${placeRemedy}`,
    {
      details: { path },
    },
  )
}

/** If the directory cannot be looked at, its first use says so. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
