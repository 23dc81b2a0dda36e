import { isIP } from 'node:net'
import { ConfigurationError, LoginRequiredError } from '../../../core/errors.ts'
import { longestTimer } from '../../../core/time.ts'
import { printableLines } from '../printable.ts'
import { assertBrowsable, openBrowser } from './open-browser.ts'

/** Options of a login that a program in a terminal starts in the user's browser. */
export interface TerminalLoginOptions {
  /** Port to listen on; 0 selects a free port. Default: `AIO_IMS_LOCAL_LOGIN_PORT`, then 0. */
  readonly port?: number | undefined
  /**
   * IP address to listen on, for a container whose port is published on the browser's machine: `0.0.0.0`. Other machines
   * may reach the port during the login, so `port` is required with it. The redirect URI stays a name of this machine.
   * Default: 127.0.0.1 and ::1, which only this machine can reach.
   */
  readonly bind?: string | undefined
  /** How long the user may take, in ms. Default: 120 000. */
  readonly timeout?: number | undefined
  /** Whether to open the system browser, or a function that opens it. The URL is always printed. Default: `true`. */
  readonly open?: boolean | ((url: string) => Promise<void> | void) | undefined
  /** Name or path of the browser to open instead of the system's default. */
  readonly browser?: string | undefined
  /** Receives each line of text for the user. Default: writes to stderr. */
  readonly output?: ((line: string) => void) | undefined
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Whether a user can answer. Default: `true`, except in CI. */
  readonly isInteractive?: boolean | undefined
}

/** {@link TerminalLoginOptions}, checked and complete. */
export interface TerminalLoginSettings {
  readonly port: number
  /** Address to listen on; `undefined`: only this machine can reach the listener. */
  readonly bind: string | undefined
  readonly timeout: number
  readonly output: (line: string) => void
  /**
   * Prints the URL and opens it in a browser, or opens `link`, which redirects to it. If no browser opens, that is
   * printed, not thrown.
   */
  readonly show: (url: URL, link?: URL) => void
}

const ciVariables = [
  'CI',
  'CONTINUOUS_INTEGRATION',
  'GITHUB_ACTIONS',
  'BUILD_NUMBER',
  'BUILD_ID',
  'TF_BUILD',
  'JENKINS_URL',
  'TEAMCITY_VERSION',
  'CODEBUILD_BUILD_ARN',
]

/** The variable that marks a CI environment, if one is set. `CI=false` overrides all others. */
export function ciVariable(env: NodeJS.ProcessEnv): string | undefined {
  if (env.CI === 'false') return undefined
  return ciVariables.find((name) => !['', '0', 'false', undefined].includes(env[name]))
}

/**
 * Checks the options of a login, before it prints or listens.
 *
 * Throws `LOGIN_NOT_POSSIBLE` if no user can answer, `BAD_OPTION` on an invalid port, address or timeout.
 */
export function loginSettings(options: TerminalLoginOptions): TerminalLoginSettings {
  const env = options.env ?? process.env
  assertInteractive(options.isInteractive, env)
  const output = safely(options.output ?? ((line) => void process.stderr.write(`${printableLines(line)}\n`)))
  const bind = readBind(options)
  return {
    port: readPort(options.port, env),
    bind,
    timeout: readTimeout(options.timeout),
    output,
    show: (url, link = url) => {
      assertBrowsable(url)
      if (bind !== undefined) output(exposureWarning(bind, options.port ?? 0))
      output(`Open this address in a browser to sign in:\n\n  ${url.href}\n`)
      void open({ url, link }, { ...options, env, output })
    },
  }
}

// the login does not await most lines: if `output` throws, that must not become an unhandled rejection
function safely(output: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      output(line)
    } catch {
      // the login continues without the line
    }
  }
}

async function open(
  { url, link }: { url: URL; link: URL },
  options: TerminalLoginOptions & { output: (line: string) => void },
): Promise<void> {
  if (options.open === false) return
  try {
    if (typeof options.open === 'function') return await options.open(url.href)
    if (await openBrowser(link, options)) return
  } catch {
    // the user can still open the printed address
  }
  options.output('No browser could be opened. Open the address above yourself.')
}

function assertInteractive(isInteractive: boolean | undefined, env: NodeJS.ProcessEnv): void {
  if (isInteractive === true) return
  const variable = ciVariable(env)
  if (isInteractive === undefined && variable === undefined) return
  const reason = variable === undefined ? 'isInteractive is false' : `this is a CI environment (${variable} is set)`
  throw new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    `A login needs a user at a browser, but ${reason}. Use a server-to-server credential, or sign in on another ` +
      'machine and provide the tokens.',
  )
}

function readPort(option: number | undefined, env: NodeJS.ProcessEnv): number {
  const variable = env.AIO_IMS_LOCAL_LOGIN_PORT?.trim()
  const port = option ?? Number(/^\d*$/.test(variable ?? '') ? variable || 0 : Number.NaN)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  const source = option === undefined ? 'AIO_IMS_LOCAL_LOGIN_PORT' : "The option 'port'"
  throw new ConfigurationError(
    'BAD_OPTION',
    `${source} is not a port: ${String(option ?? variable).slice(0, 40)}. Use a whole number from 0 to 65535.`,
  )
}

/** An address that other machines may reach is accepted only together with a port that the caller chose. */
function readBind({ bind, port = 0 }: TerminalLoginOptions): string | undefined {
  if (bind === undefined || bind === 'localhost' || bind === '::1' || /^127(\.\d{1,3}){3}$/.test(bind)) return undefined
  // a name could resolve to another address later
  if (isIP(bind) === 0) {
    throw new ConfigurationError('BAD_OPTION', "The option 'bind' must be an IP address of this machine, or 0.0.0.0.")
  }
  if (port > 0) return bind
  throw new ConfigurationError(
    'BAD_OPTION',
    `Listening on ${bind} opens a port to other machines. Choose that port with the option 'port'.`,
  )
}

function exposureWarning(bind: string, port: number): string {
  return (
    `Warning: during this login, other machines may reach port ${port} on ${bind}. ` +
    `Publish that port on your own machine only, for example with docker run -p 127.0.0.1:${port}:${port}.`
  )
}

function readTimeout(timeout = 120_000): number {
  if (Number.isFinite(timeout) && timeout > 0) return Math.min(timeout, longestTimer)
  throw new ConfigurationError('BAD_OPTION', "The option 'timeout' must be a positive number of milliseconds.")
}
