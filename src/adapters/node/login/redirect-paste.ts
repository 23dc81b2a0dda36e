import { LoginRequiredError } from '../../../core/errors.ts'
import type { Redirect } from '../../../core/ports.ts'
import { loginSettings, type TerminalLoginOptions } from './login-options.ts'
import { readLines, terminalInput } from './paste-back.ts'
import { pendingCallback } from './pending-callback.ts'
import { isCallback, notTheAddress, readState } from './redirect-loopback.ts'

export interface PasteRedirectOptions extends TerminalLoginOptions {
  /** The redirect URI of the credential: a page that this process does not serve. */
  readonly redirectUri: string
  /** Where the address that the browser ended on is pasted. Default: standard input, if it is a terminal. */
  readonly input?: NodeJS.ReadableStream | undefined
}

/**
 * Signs a person in whose credential comes back to a page elsewhere: they paste the address that the browser ended on.
 *
 * `begin` rejects with `LOGIN_NOT_POSSIBLE` in CI or without a terminal, `go` with `TIMEOUT` or the signal's reason.
 */
export function preparePaste({ redirectUri, ...options }: PasteRedirectOptions): Redirect {
  return {
    async prepare({ signal } = {}) {
      const settings = loginSettings(options)
      const input = options.input ?? terminalInput()
      if (input === undefined) {
        const where = `the credential comes back to ${new URL(redirectUri).origin}, which this process does not serve`
        throw new LoginRequiredError(
          'LOGIN_NOT_POSSIBLE',
          `${where}, and there is no terminal to paste the address into`,
        )
      }
      signal?.throwIfAborted()
      const callback = pendingCallback<URL>(settings.timeout, signal)
      let stopReading = () => {}
      return {
        redirectUri,
        async navigate(authorizationUrl) {
          const trip = { redirectUri: plain(redirectUri), state: readState(authorizationUrl) }
          const paste = async (line: string) => {
            const url = URL.canParse(line) ? new URL(line) : undefined
            if (url && (await isCallback(url, trip))) return callback.arrive(url)
            settings.output(notTheAddress(url && callback.stray(url)))
          }
          settings.show(authorizationUrl)
          settings.output('When the browser has ended its way, paste the address it ended on here and press Enter.')
          stopReading = await readLines(input, (line) => void paste(line))
          return callback.arrived
        },
        close() {
          stopReading()
          callback.end()
        },
      }
    },
  }
}

function plain(redirectUri: string): string {
  const { origin, pathname } = new URL(redirectUri)
  return origin + pathname
}
