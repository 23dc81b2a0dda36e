import { isLoopback } from '../../../core/ims/environment.ts'
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
  https: { about: 'serve the emulator over https, with the certificate of imskit cert' },
  relay: {
    value: 'port',
    about: 'also serve the app at this port of localhost over https, web sockets included; implies --https',
  },
  'relay-port': { value: 'number', about: 'port of the https address of the app; default: a free port' },
  quiet: { about: 'do not print why requests were refused' },
}

/** The options for containers and machines that other machines reach. */
export const networkOptions: Readonly<Record<string, Option>> = {
  host: {
    value: 'address',
    about: 'address to listen on; default: 127.0.0.1; others need --dangerously-listen-on-all-interfaces',
  },
  'dangerously-listen-on-all-interfaces': {
    about: 'allow a --host that other machines can reach; anyone on them can sign in as any user',
  },
  endpoint: { value: 'url', about: 'base URL by which programs reach it; default: its address' },
}

/** What the command line says about the emulator to start. */
export function readStartOptions(values: OptionValues): StartOptions {
  const autoLogin = optionText(values, 'auto-login')
  const [host, endpoint] = [optionText(values, 'host'), optionText(values, 'endpoint')]
  const anyInterface = values['dangerously-listen-on-all-interfaces'] === true
  if (host !== undefined && !isLoopback(host) && !anyInterface) {
    throw new UsageError(
      'The emulator is not a security boundary: a --host other than 127.0.0.1 needs --dangerously-listen-on-all-interfaces.',
    )
  }
  return {
    ...(host !== undefined && { host }),
    ...(endpoint !== undefined && { endpoint }),
    dangerouslyListenOnAllInterfaces: anyInterface,
    port: optionInteger(values, 'port', 65_535) ?? 0,
    redirectUris: optionTexts(values, 'redirect-uri').map(readRedirectUri),
    ...(autoLogin !== undefined && { autoLogin }),
    ...(values.quiet !== true && { onRequest: printReason }),
  }
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
