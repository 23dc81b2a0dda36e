import { LoginRequiredError } from '../../../core/errors.ts'
import type { Trip } from '../../../core/ports.ts'
import { loginSettings, type TerminalLoginOptions } from './login-options.ts'
import { readLines, terminalInput } from './paste-back.ts'
import { pendingCallback } from './pending-callback.ts'
import { isCallback, readState, unexpectedAddress } from './redirect-loopback.ts'

export interface PasteRedirectOptions extends TerminalLoginOptions {
  /** The redirect URI of the credential: an address that this process does not serve. */
  readonly redirectUri: string
  /** The stream that the user pastes the address into. Default: standard input, if it is a terminal. */
  readonly input?: NodeJS.ReadableStream | undefined
}

/** Implements `pasteRedirect` of `lazy.ts`. */
export async function preparePasteTrip(
  { redirectUri, ...options }: PasteRedirectOptions,
  signal?: AbortSignal,
): Promise<Trip> {
  const settings = loginSettings(options)
  const input = options.input ?? terminalInput()
  if (input === undefined) throw noInput(redirectUri)
  signal?.throwIfAborted()
  const callback = pendingCallback<URL>(settings.timeout, signal)
  let stopReading = () => {}
  return {
    redirectUri,
    async navigate(authorizationUrl) {
      const expected = { redirectUri: withoutQuery(redirectUri), state: readState(authorizationUrl) }
      const paste = async (line: string) => {
        const url = URL.canParse(line) ? new URL(line) : undefined
        if (url && (await isCallback(url, expected))) return callback.arrive(url)
        settings.output(unexpectedAddress(url && callback.noteUnmatched(url)))
      }
      settings.show(authorizationUrl)
      settings.output('After you have signed in, paste the address from the browser here and press Enter.')
      stopReading = await readLines(input, (line) => void paste(line))
      return callback.arrived
    },
    close() {
      stopReading()
      callback.cancel()
    },
  }
}

function noInput(redirectUri: string): LoginRequiredError {
  const { origin } = new URL(redirectUri)
  return new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    `IMS redirects this credential to ${origin}, which this process does not serve, and there is no terminal to paste ` +
      "the address into. Run the login in a terminal, or pass the option 'input'.",
  )
}

function withoutQuery(redirectUri: string): string {
  const { origin, pathname } = new URL(redirectUri)
  return origin + pathname
}
