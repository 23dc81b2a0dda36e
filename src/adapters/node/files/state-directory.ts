import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { UnavailableError } from '../../../core/errors.ts'
import { homeDirectory, userId } from './places.ts'

/** What the user can do if files cannot be created in the state directory. */
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
    `The home directory of this user is not known, so tokens cannot be stored. ${placeRemedy}`,
  )
}

/**
 * Refuses a directory for tokens or locks that other users control: another user owns it, or all users may write to it.
 * If the directory does not exist, its first use creates it.
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
  else if ((stats.mode & 0o002) !== 0) problem = 'can be written to by all users'
  if (problem === undefined) return
  throw new UnavailableError(
    'STORE_FAILED',
    `The directory ${path} ${problem}, so imskit does not store data there. ${placeRemedy}`,
    {
      details: { path },
    },
  )
}

/** `undefined` if the directory cannot be inspected: its first use reports that. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
