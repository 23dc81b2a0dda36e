import { ConfigurationError } from '../../../core/errors.ts'

/** Which browser to open, and on what machine. */
export interface OpenBrowserOptions {
  /** Name or path of a browser; without it the system's default. */
  readonly browser?: string | undefined
  /** Default: `process.env`. `BROWSER` names a browser where the system has no other way; `none` opens nothing. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Default: `process.platform`. */
  readonly platform?: NodeJS.Platform | undefined
}

/** A program and its arguments: never a shell, so nothing in a URL is ever a command. */
export type Launcher = readonly [command: string, ...args: string[]]

const loopbackNames = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Whether `url` is https, or http on this very machine. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackNames.has(url.hostname))
}

/** Throws `BAD_OPTION` unless a browser may be sent to `url`: https, or http on loopback. */
export function assertBrowsable(url: URL): void {
  if (isSecureUrl(url)) return
  throw new ConfigurationError(
    'BAD_OPTION',
    `A browser is not sent to a ${url.protocol}// address of ${url.hostname || 'no host'}. Use https, or http on 127.0.0.1.`,
  )
}

/** The programs that open `url`, the first to be tried first. */
export function browserLaunchers(url: URL, options: OpenBrowserOptions = {}): Launcher[] {
  const { browser, env = process.env, platform = process.platform } = options
  const { href } = url
  if (platform === 'darwin') return browser ? [['open', '-a', browser, href]] : [['open', href]]
  const chosen: Launcher[] = browser ? [[browser, href]] : []
  if (platform === 'win32') {
    // by its full path: Windows would look into the working directory first
    const rundll = `${env.SystemRoot ?? 'C:\\Windows'}\\System32\\rundll32.exe`
    return [...chosen, [rundll, 'url.dll,FileProtocolHandler', href]]
  }
  const preferred = env.BROWSER?.trim()
  if (!browser && preferred === 'none') return []
  if (!browser && preferred) chosen.push([preferred, href])
  if (env.WSL_DISTRO_NAME || env.WSL_INTEROP) {
    chosen.push(['wslview', href], ['rundll32.exe', 'url.dll,FileProtocolHandler', href])
    chosen.push(['/mnt/c/Windows/System32/rundll32.exe', 'url.dll,FileProtocolHandler', href])
  }
  return [...chosen, ['xdg-open', href]]
}

/**
 * Opens the system browser on `url`. Resolves to whether a program could be started for it; it neither waits for
 * that program nor keeps this process alive. Throws `BAD_OPTION` for a URL that is neither https nor on loopback.
 */
export async function openBrowser(url: URL, options: OpenBrowserOptions = {}): Promise<boolean> {
  assertBrowsable(url)
  const { spawn } = await import('node:child_process')
  for (const [command, ...args] of browserLaunchers(url, options)) {
    const started = await new Promise<boolean>((resolve) => {
      const child = spawn(command, args, {
        stdio: 'ignore',
        detached: process.platform !== 'win32',
        env: options.env ?? process.env,
      })
      child.once('spawn', () => resolve(true))
      child.on('error', () => resolve(false))
      child.unref()
    })
    if (started) return true
  }
  return false
}
