import { isIP } from 'node:net'
import { ConfigurationError, LoginRequiredError } from '../../../core/errors.ts'
import { printableLines } from '../printable.ts'
import { assertBrowsable, openBrowser } from './open-browser.ts'

/** What every login with a browser and a loopback listener takes. */
export interface TerminalLoginOptions {
  /** Port to listen on; 0 takes a free one. Default: `AIO_IMS_LOCAL_LOGIN_PORT`, then 0. */
  readonly port?: number | undefined
  /**
   * IP address to listen on, for a container whose port is published on the browser's machine: `0.0.0.0`. It opens the
   * port to others for the time of the login, so it needs `port` beside it. The redirect URI stays a name of this
   * machine. Default: 127.0.0.1 and ::1, which only this machine can reach.
   */
  readonly bind?: string | undefined
  /** How long the person may take, in ms. Default: 120 000. */
  readonly timeout?: number | undefined
  /** Whether to open the system browser, or what opens it. The URL is printed in any case. Default: `true`. */
  readonly open?: boolean | ((url: string) => Promise<void> | void) | undefined
  /** Name or path of the browser to open instead of the system's default. */
  readonly browser?: string | undefined
  /** Takes one line of text for the person. Default: writes to stderr. */
  readonly output?: ((line: string) => void) | undefined
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Whether a person is there. Default: yes, except in CI. */
  readonly isInteractive?: boolean | undefined
}

/** {@link TerminalLoginOptions}, checked and complete. */
export interface TerminalLoginSettings {
  readonly port: number
  /** Where to listen; `undefined` for this machine alone. */
  readonly bind: string | undefined
  readonly timeout: number
  readonly output: (line: string) => void
  /**
   * Prints the URL and opens a browser on it, or on `door`, which leads to it. A browser that does not open is reported,
   * not thrown.
   */
  readonly show: (url: URL, door?: URL) => void
}

const longestTimer = 2 ** 31 - 1
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

/** The variable that says that this is a CI environment, if one does. `CI=false` overrules all others. */
export function ciVariable(env: NodeJS.ProcessEnv): string | undefined {
  if (env.CI === 'false') return undefined
  return ciVariables.find((name) => !['', '0', 'false', undefined].includes(env[name]))
}

/**
 * Checks the options of a login before anything is shown or bound.
 *
 * Throws `LOGIN_NOT_POSSIBLE` where no person is there, `BAD_OPTION` on a bad port, address or timeout.
 */
export function loginSettings(options: TerminalLoginOptions): TerminalLoginSettings {
  const env = options.env ?? process.env
  assertPerson(options.isInteractive, env)
  const output = safely(options.output ?? ((line) => void process.stderr.write(`${printableLines(line)}\n`)))
  const bind = readBind(options)
  return {
    port: readPort(options.port, env),
    bind,
    timeout: readTimeout(options.timeout),
    output,
    show: (url, door = url) => {
      assertBrowsable(url)
      if (bind !== undefined) output(exposure(bind, options.port ?? 0))
      output(`Open this address in a browser to sign in:\n\n  ${url.href}\n`)
      void open({ url, door }, { ...options, env, output })
    },
  }
}

// most lines are written while nobody awaits: a writer that throws must not become an unhandled rejection
function safely(output: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      output(line)
    } catch {
      // the login goes on without the line
    }
  }
}

async function open(
  { url, door }: { url: URL; door: URL },
  options: TerminalLoginOptions & { output: (line: string) => void },
): Promise<void> {
  if (options.open === false) return
  try {
    if (typeof options.open === 'function') return await options.open(url.href)
    if (await openBrowser(door, options)) return
  } catch {
    // whatever the opener threw, the printed address still works
  }
  options.output('No browser could be opened here: please open the address above yourself.')
}

function assertPerson(isInteractive: boolean | undefined, env: NodeJS.ProcessEnv): void {
  if (isInteractive === true) return
  const variable = ciVariable(env)
  if (isInteractive === undefined && variable === undefined) return
  const reason = variable === undefined ? 'nobody is there' : `this is a CI environment (${variable} is set)`
  throw new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    `A login needs a person at a browser, and ${reason}. Use a server-to-server credential, or sign in elsewhere ` +
      'and provide the tokens.',
  )
}

function readPort(option: number | undefined, env: NodeJS.ProcessEnv): number {
  const variable = env.AIO_IMS_LOCAL_LOGIN_PORT?.trim()
  const port = option ?? Number(/^\d*$/.test(variable ?? '') ? variable || 0 : Number.NaN)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  const source = option === undefined ? 'AIO_IMS_LOCAL_LOGIN_PORT' : "The option 'port'"
  throw new ConfigurationError(
    'BAD_OPTION',
    `${source} is not a port: ${String(option ?? variable).slice(0, 40)}. Give a whole number from 0 to 65535.`,
  )
}

/** Whoever opens a port to others says so twice: by the address and by a port of their choice. */
function readBind({ bind, port = 0 }: TerminalLoginOptions): string | undefined {
  if (bind === undefined || bind === 'localhost' || bind === '::1' || /^127(\.\d{1,3}){3}$/.test(bind)) return undefined
  // a name could lead elsewhere tomorrow
  if (isIP(bind) === 0) {
    throw new ConfigurationError('BAD_OPTION', "The option 'bind' must be an IP address of this machine, or 0.0.0.0.")
  }
  if (port > 0) return bind
  throw new ConfigurationError(
    'BAD_OPTION',
    `Listening on ${bind} opens a port to other machines: choose it with the option 'port' as well.`,
  )
}

function exposure(bind: string, port: number): string {
  return (
    `Warning: until this login ends it listens on ${bind}, port ${port}, where other machines may reach it. ` +
    `Publish that port on your own machine alone, as docker run -p 127.0.0.1:${port}:${port} does.`
  )
}

function readTimeout(timeout = 120_000): number {
  if (Number.isFinite(timeout) && timeout > 0) return Math.min(timeout, longestTimer)
  throw new ConfigurationError('BAD_OPTION', "The option 'timeout' must be a positive number of milliseconds.")
}
