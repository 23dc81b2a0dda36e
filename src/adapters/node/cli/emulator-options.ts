import type { RecordedRequest } from '../../../emulator/http/journal.ts'
import type { StartOptions } from '../../../emulator/start.ts'
import { printable } from '../printable.ts'
import { type Option, type OptionValues, UsageError } from './command.ts'
import { printNote } from './output.ts'
import { optionInteger, optionText, optionTexts } from './parse.ts'

/** The options of every command that starts an emulator. */
export const startOptions: Readonly<Record<string, Option>> = {
  port: { value: 'number', about: 'port to listen on; default: a free port' },
  'auto-login': { value: 'email', about: 'sign this user in without the form' },
  'redirect-uri': {
    value: 'uri',
    many: true,
    about:
      'a redirect URI, or a pattern as in the Adobe Developer Console, of the clients that sign users in; http and https on localhost are always allowed',
  },
  quiet: { about: 'do not print why requests were refused' },
}

/** What the command line says about the emulator to start. */
export function readStartOptions(values: OptionValues): StartOptions {
  const autoLogin = optionText(values, 'auto-login')
  return {
    port: optionInteger(values, 'port', 65_535) ?? 0,
    redirectUris: optionTexts(values, 'redirect-uri').map(readRedirectUri),
    ...(autoLogin !== undefined && { autoLogin }),
    ...(values.quiet !== true && { onRequest: printReason }),
  }
}

/** The first redirect URI of the command line that is not a pattern. */
export function exactRedirectUri({ redirectUris = [] }: StartOptions): string | undefined {
  return redirectUris.find((uri) => typeof uri === 'string')
}

/** Text with a backslash or an asterisk is a pattern, as in the Adobe Developer Console. */
function readRedirectUri(text: string): string | RegExp {
  try {
    if (/[\\*]/.test(text)) return new RegExp(text)
  } catch {
    throw new UsageError('The option --redirect-uri has a pattern that is not a valid regular expression.')
  }
  if (URL.canParse(text) && !text.includes('#')) return text
  throw new UsageError('The option --redirect-uri must be an absolute URI without a fragment, or a pattern.')
}

/** Prints why a request was refused, as the program that sent it often does not. */
function printReason({ method, path, status, reason }: RecordedRequest): void {
  if (reason !== undefined) printNote(`emulator: ${method} ${printable(path)} ${status}: ${printable(reason)}`)
}
