import { ConfigurationError } from '../../../core/errors.ts'
import { isLoopback } from '../../../core/ims/environment.ts'

/** Options of {@link openBrowser}. */
export interface OpenBrowserOptions {
  /** Name or path of a browser. Default: the system's default browser. */
  readonly browser?: string | undefined
  /** Default: `process.env`. On Linux, `BROWSER` names a browser; `none` opens no browser. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Default: `process.platform`. */
  readonly platform?: NodeJS.Platform | undefined
}

/** A program and its arguments. No shell is involved, so a URL cannot contain a command. */
export type Launcher = readonly [command: string, ...args: string[]]

/** Whether `url` is https, or http on this machine. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** Throws `BAD_OPTION` unless a browser may open `url`: https, or http on loopback. */
export function assertBrowsable(url: URL): void {
  if (isSecureUrl(url)) return
  throw new ConfigurationError(
    'BAD_OPTION',
    `imskit does not open a ${url.protocol}// address of ${url.hostname || 'no host'} in a browser. Use https, or http on 127.0.0.1.`,
  )
}

/** The programs that can open `url`, in the order in which to try them. */
export function browserLaunchers(url: URL, options: OpenBrowserOptions = {}): Launcher[] {
  const { browser, env = process.env, platform = process.platform } = options
  const { href } = url
  if (platform === 'darwin') return browser ? [['open', '-a', browser, href]] : [['open', href]]
  const chosen: Launcher[] = browser ? [[browser, href]] : []
  if (platform === 'win32') {
    // full path, because Windows searches the working directory first
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
 * Opens `url` in the system browser. Resolves to whether a program could be started; does not wait for that program,
 * and does not keep this process alive. Rejects with `BAD_OPTION` for a URL that is neither https nor on loopback.
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
