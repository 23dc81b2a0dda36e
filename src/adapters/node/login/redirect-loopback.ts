import { ConfigurationError } from '../../../core/errors.ts'
import type { Trip } from '../../../core/ports.ts'
import { loginSettings, type TerminalLoginOptions, type TerminalLoginSettings } from './login-options.ts'
import { type LoopbackAnswer, type LoopbackHost, type LoopbackRequest, listenOnLoopback } from './loopback-server.ts'
import { type OneTimeLink, oneTimeLink } from './one-time-link.ts'
import { readLines, terminalInput } from './paste-back.ts'
import { type PendingCallback, pendingCallback } from './pending-callback.ts'
import { refusalPage } from './result-page.ts'
import { type ResultVisit, resultVisit } from './result-visit.ts'
import { isSameSecret } from './same-secret.ts'

/** How to sign the user in with the system browser. */
export interface LoopbackRedirectOptions extends TerminalLoginOptions {
  /** The host in the redirect URI. Always a name of this machine. Default: `127.0.0.1`. */
  readonly host?: LoopbackHost | undefined
  /** The path in the redirect URI. Default: `/callback`. */
  readonly path?: string | undefined
  /** The stream that the user can paste the callback's address into. Default: standard input, if it is a terminal. */
  readonly input?: NodeJS.ReadableStream | undefined
}

/** Implements `loopbackRedirect` of `lazy.ts`. */
export async function prepareLoopbackTrip(options: LoopbackRedirectOptions, signal?: AbortSignal): Promise<Trip> {
  const settings = loginSettings(options)
  const host = readHost(options.host)
  const path = readPath(options.path)
  signal?.throwIfAborted()
  let attempt: Attempt | undefined
  const server = await listenOnLoopback({
    port: settings.port,
    host,
    bind: settings.bind,
    answer: (request) => {
      if (attempt && request.url.pathname === path) return answerBrowser(request, attempt)
      return attempt?.link.answer(request) ?? { status: 404 }
    },
  })
  if (signal?.aborted) server.close()
  signal?.throwIfAborted()
  const redirectUri = `${server.origin}${path}`
  return {
    redirectUri,
    navigate: async (authorizationUrl) => {
      if (attempt)
        throw new ConfigurationError('BAD_OPTION', 'This trip was already used for a login. Prepare a new trip.')
      const state = readState(authorizationUrl)
      const link = oneTimeLink(server.origin, authorizationUrl)
      const visit = resultVisit(path)
      attempt = { redirectUri, state, link, visit, callback: pendingCallback<URL>(settings.timeout, signal) }
      const input = options.input ?? terminalInput()
      const url = await waitForCallback(authorizationUrl, attempt, { ...settings, input })
      await visit.finished()
      return url
    },
    close: () => {
      server.close()
      attempt?.callback.cancel()
      attempt?.visit.finish()
    },
  }
}

/** A login that has started: what counts as its callback. */
interface Attempt {
  readonly redirectUri: string
  readonly state: string
  readonly link: OneTimeLink
  readonly visit: ResultVisit
  readonly callback: PendingCallback<URL>
}

async function waitForCallback(
  authorizationUrl: URL,
  { callback, ...expected }: Attempt,
  { show, output, input }: TerminalLoginSettings & { input: NodeJS.ReadableStream | undefined },
): Promise<URL> {
  const paste = async (line: string) => {
    const url = URL.canParse(line) ? new URL(line) : undefined
    if (url && (await isCallback(url, expected))) return callback.arrive(url)
    output(unexpectedAddress(url && callback.noteUnmatched(url)))
  }
  let stopReading = () => {}
  try {
    show(authorizationUrl, expected.link.address)
    if (input) {
      output('If the browser cannot reach this machine afterwards, paste the address from the browser here.')
      stopReading = await readLines(input, (line) => void paste(line))
    }
    return await callback.arrived
  } finally {
    stopReading()
    callback.cancel()
  }
}

async function answerBrowser({ method, url }: LoopbackRequest, attempt: Attempt): Promise<LoopbackAnswer> {
  if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' } }
  const page = url.search === '' ? attempt.visit.answer() : undefined
  if (page !== undefined) return page
  if (await isCallback(url, attempt)) {
    const sent = () => attempt.callback.arrive(url)
    return { ...attempt.visit.redirect(url), sent }
  }
  const error = attempt.callback.noteUnmatched(url)
  const detail = error === undefined ? '' : `It contains the error ${error}. `
  const text = `${detail}The program still waits for the answer to its own login.`
  return { status: 400, ...(await refusalPage('This is not the answer to the pending login', text)) }
}

/** The text for a pasted line that does not answer the login, which continues. */
export function unexpectedAddress(error: string | undefined): string {
  const detail = error === undefined ? '' : ` It contains the error ${error}.`
  return `This is not the address that the login is waiting for.${detail} Paste the whole address from the browser.`
}

/** Whether `url` is the callback of the login with this `redirectUri` and `state`: one state, one code or error. */
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
    'The authorization URL must contain one state, which proves that a callback answers it. Add a random state.',
  )
}

function readHost(host: string = '127.0.0.1'): LoopbackHost {
  if (host === '127.0.0.1' || host === 'localhost' || host === '::1') return host
  throw new ConfigurationError(
    'BAD_OPTION',
    "The option 'host' must be 127.0.0.1, ::1 or localhost, because the browser is redirected to its own machine. If " +
      "the browser runs on another machine, paste the callback's address instead; in a container, set 'bind'.",
  )
}

function readPath(path = '/callback'): string {
  if (path.startsWith('/') && new URL(`http://127.0.0.1${path}`).pathname === path) return path
  throw new ConfigurationError('BAD_OPTION', "The option 'path' must be a plain URL path such as /callback.")
}
