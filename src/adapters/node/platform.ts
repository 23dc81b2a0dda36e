import { memoryStore } from '../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { Platform } from '../../core/ports.ts'
import { type AioConfig, aioConfig } from './config/aio-config.ts'
import { configDefaults } from './config/defaults.ts'
import { debugPrinter } from './debug.ts'
import { fileLock } from './files/lock-file.ts'
import { fileStore } from './files/store-file.ts'
import { loopbackRedirect, readKey } from './lazy.ts'
import type { TerminalLoginOptions } from './login/login-options.ts'

export interface NodePlatformOptions {
  /** The directory of tokens and locks. Default: `$XDG_STATE_HOME/imskit`, else `~/.local/state/imskit`. */
  readonly directory?: string
  /** Options of a login in the browser. */
  readonly login?: TerminalLoginOptions
  /** The source of the defaults for `env` and `endpoint`. Default: the `.aio` files and the environment. */
  readonly config?: AioConfig
}

const optionNames: OptionNames<NodePlatformOptions> = { directory: 1, login: 1, config: 1 }

/**
 * The platform of Node.js: tokens in files with mode 0600, a lock across processes, login with the system browser, and
 * key files. `env` defaults to `AIO_CLI_ENV` or `cli.env`, `endpoint` to `ims.config.endpoint` of the `.aio` files.
 *
 * @example
 * const ims = createClient({ flow, ...nodePlatform({ login: { port: 8888 } }) })
 */
export function nodePlatform(options: NodePlatformOptions = {}): Platform {
  checkOptions('nodePlatform', options, optionNames)
  const { directory, login, config = aioConfig() } = options
  const observe = debugPrinter()
  return providePlatform({
    store: fileStore(directory === undefined ? {} : { directory: `${directory}/tokens` }),
    lock: fileLock(directory === undefined ? {} : { directory: `${directory}/locks` }),
    redirect: loopbackRedirect(login),
    // a pending login belongs to this process: its code verifier is never written to disk
    pending: memoryStore(),
    readKey,
    defaults: () => configDefaults(config),
    ...(observe && { observe }),
  })
}
