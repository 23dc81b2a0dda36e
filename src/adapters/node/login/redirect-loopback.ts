import { ConfigurationError } from '../../../core/errors.ts'
import type { Redirect, Trip } from '../../../core/ports.ts'
import { loginSettings, type TerminalLoginOptions, type TerminalLoginSettings } from './login-options.ts'
import {
  type Loopback,
  type LoopbackAnswer,
  type LoopbackHost,
  type LoopbackRequest,
  listenOnLoopback,
} from './loopback-server.ts'
import { type OneTimeLink, oneTimeLink } from './one-time-link.ts'
import { readLines, terminalInput } from './paste-back.ts'
import { type PendingCallback, pendingCallback } from './pending-callback.ts'
import { resultPage } from './result-page.ts'
import { isSameSecret } from './same-secret.ts'

/** How a login with the system browser goes. */
export interface LoopbackRedirectOptions extends TerminalLoginOptions {
  /** The host in the redirect URI. Always a name of this machine. Default: `127.0.0.1`. */
  readonly host?: LoopbackHost | undefined
  /** The path in the redirect URI. Default: `/callback`. */
  readonly path?: string | undefined
  /** Where the address that the browser ended on can be pasted. Default: standard input, if it is a terminal. */
  readonly input?: NodeJS.ReadableStream | undefined
}

/**
 * Signs a person in with the system browser and a listener on this machine alone (RFC 8252, section 7.3), unless
 * `bind` opens it to a container's published port.
 *
 * `prepare` rejects with `LOGIN_NOT_POSSIBLE` in CI, before anything is shown or bound, and with `BAD_OPTION` if the
 * port is not available. `navigate` prints the address, opens the browser and resolves to the URL that arrived on the
 * redirect URI, or was pasted, with the `state` of `authorizationUrl` and one `code` or `error`; nothing else that
 * arrives ends the login. It rejects with `TIMEOUT`, or with the reason of the signal given to `prepare`.
 */
export function loopbackRedirect(options: LoopbackRedirectOptions = {}): Redirect {
  return { prepare: ({ signal } = {}) => prepareTrip(options, signal) }
}

async function prepareTrip(options: LoopbackRedirectOptions, signal?: AbortSignal): Promise<Trip> {
  const settings = loginSettings(options)
  const host = readHost(options.host)
  const path = readPath(options.path)
  signal?.throwIfAborted()
  let attempt: Attempt | undefined
  const server: Loopback = await listenOnLoopback({
    port: settings.port,
    host,
    bind: settings.bind,
    answer: (request) => {
      if (attempt && request.url.pathname === path) return answerBrowser(request, attempt)
      return attempt?.door.answer(request) ?? { status: 404 }
    },
  })
  if (signal?.aborted) server.close()
  signal?.throwIfAborted()
  const redirectUri = `${server.origin}${path}`
  return {
    redirectUri,
    navigate: async (authorizationUrl) => {
      if (attempt)
        throw new ConfigurationError('BAD_OPTION', 'A trip serves one login; prepare a new one for the next.')
      const state = readState(authorizationUrl)
      const door = oneTimeLink(server.origin, authorizationUrl)
      attempt = { redirectUri, state, door, callback: pendingCallback<URL>(settings.timeout, signal) }
      return wait(authorizationUrl, attempt, { ...settings, input: options.input ?? terminalInput() })
    },
    close: () => {
      server.close()
      attempt?.callback.end()
    },
  }
}

/** A login that has started: what is accepted as its answer. */
interface Attempt {
  readonly redirectUri: string
  readonly state: string
  readonly door: OneTimeLink
  readonly callback: PendingCallback<URL>
}

async function wait(
  authorizationUrl: URL,
  { callback, ...expected }: Attempt,
  { show, output, input }: TerminalLoginSettings & { input: NodeJS.ReadableStream | undefined },
): Promise<URL> {
  const paste = async (line: string) => {
    const url = URL.canParse(line) ? new URL(line) : undefined
    if (url && (await isCallback(url, expected))) return callback.arrive(url)
    output(notTheAddress(url && callback.stray(url)))
  }
  let stopReading = () => {}
  try {
    show(authorizationUrl, expected.door.address)
    if (input) {
      output('If the browser then cannot reach this machine, paste the address it ended on here and press Enter.')
      stopReading = await readLines(input, (line) => void paste(line))
    }
    return await callback.arrived
  } finally {
    stopReading()
    callback.end()
  }
}

async function answerBrowser({ method, url }: LoopbackRequest, attempt: Attempt): Promise<LoopbackAnswer> {
  if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' } }
  if (!(await isCallback(url, attempt))) {
    const words = attempt.callback.stray(url)
    const said = words === undefined ? '' : ` It says ${words}.`
    return { status: 400, body: `This is not the answer that the login under way waits for.${said}\n` }
  }
  const error = url.searchParams.get('error')
  const description = url.searchParams.get('error_description') ?? undefined
  const page = await resultPage(error === null ? undefined : { error, description })
  // only then: whoever gets the URL closes the connection that the page travels on
  return { status: 200, ...page, sent: () => attempt.callback.arrive(url) }
}

/** What is said about a pasted line that does not answer the login, which goes on. */
export function notTheAddress(words: string | undefined): string {
  const said = words === undefined ? '' : ` It says ${words}.`
  return `That is not the address this login waits for.${said} Paste the whole address that the browser ended on.`
}

/** Whether `url` answers the login that was sent to `redirectUri` with `state`: one state, one code or error. */
export async function isCallback(
  url: URL,
  { redirectUri, state }: Pick<Attempt, 'redirectUri' | 'state'>,
): Promise<boolean> {
  if (`${url.origin}${url.pathname}` !== redirectUri) return false
  const [answered, ...more] = url.searchParams.getAll('state')
  const outcomes = [...url.searchParams.getAll('code'), ...url.searchParams.getAll('error')]
  if (answered === undefined || more.length > 0 || outcomes.length !== 1 || outcomes[0] === '') return false
  return isSameSecret(answered, state)
}

/** The state of an authorization URL. Throws `BAD_OPTION` unless there is exactly one. */
export function readState(authorizationUrl: URL): string {
  const [state, ...more] = authorizationUrl.searchParams.getAll('state')
  if (state && more.length === 0) return state
  throw new ConfigurationError(
    'BAD_OPTION',
    'The authorization URL needs one state: without it no answer can be trusted.',
  )
}

function readHost(host: string = '127.0.0.1'): LoopbackHost {
  if (host === '127.0.0.1' || host === 'localhost' || host === '::1') return host
  throw new ConfigurationError(
    'BAD_OPTION',
    "The option 'host' must be 127.0.0.1, ::1 or localhost: the browser comes back to its own machine. Where it runs " +
      "elsewhere, paste the address it ended on instead; for the published port of a container there is 'bind'.",
  )
}

function readPath(path = '/callback'): string {
  if (path.startsWith('/') && new URL(`http://127.0.0.1${path}`).pathname === path) return path
  throw new ConfigurationError('BAD_OPTION', "The option 'path' must be a plain URL path such as /callback.")
}
