import { homedir } from 'node:os'
import { join } from 'node:path'
import { UnavailableError } from '../../core/errors.ts'
import { codeOf } from './write-file.ts'

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
  try {
    return homedir()
  } catch (error) {
    throw new UnavailableError(
      'STORE_FAILED',
      `The home directory of this user is not known (${codeOf(error)}), so there is no place for tokens. ${placeRemedy}`,
      { details: { code: codeOf(error) } },
    )
  }
}
