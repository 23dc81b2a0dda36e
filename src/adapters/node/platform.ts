import { degradation } from '../../core/degradation.ts'
import { memoryStore } from '../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { Platform } from '../../core/ports.ts'
import { type AioConfig, aioConfig } from './config/aio-config.ts'
import { configDefaults } from './config/defaults.ts'
import { observeEvents } from './debug.ts'
import { fileLock } from './files/lock-file.ts'
import { fileStore } from './files/store-file.ts'
import { type KeychainStoreOptions, keychainStore, loopbackRedirect, readKey } from './lazy.ts'
import type { TerminalLoginOptions } from './login/login-options.ts'

export interface NodePlatformOptions {
  /** The directory of tokens and locks. Default: `$XDG_STATE_HOME/imskit`, else `~/.local/state/imskit`. */
  readonly directory?: string
  /** Options of a login in the browser. */
  readonly login?: TerminalLoginOptions
  /** The source of the defaults for `env` and `endpoint`. Default: the `.aio` files and the environment. */
  readonly config?: AioConfig
  /**
   * Encrypt tokens with a key in the system's keychain, which needs the package `@napi-rs/keyring`. If the keychain cannot be
   * used, tokens are stored unencrypted, with an event `store-degraded`. Default: `false`.
   */
  readonly keychain?: boolean
}

const optionNames: OptionNames<NodePlatformOptions> = {
  directory: 'string',
  login: 'object',
  config: 'object',
  keychain: 'boolean',
}

/**
 * The platform of Node.js: tokens in files with mode 0600, a lock across processes, login with the system browser, and
 * key files. `env` defaults to `AIO_CLI_ENV` or `cli.env`, `endpoint` to `ims.config.endpoint` of the `.aio` files.
 *
 * @example
 * const ims = createClient({ flow, ...nodePlatform({ login: { port: 8888 } }) })
 */
export function nodePlatform(options: NodePlatformOptions = {}): Platform {
  checkOptions('nodePlatform', options, optionNames)
  const { directory, login, config = aioConfig(), keychain = false } = options
  const place = directory === undefined ? {} : { directory: `${directory}/tokens` }
  const lock = fileLock(directory === undefined ? {} : { directory: `${directory}/locks` })
  return providePlatform({
    ...(keychain ? encryptedStore({ ...place, lock }) : { store: fileStore(place) }),
    lock,
    redirect: loopbackRedirect(login),
    // a pending login belongs to this process: its code verifier is never written to disk
    pending: memoryStore(),
    readKey,
    defaults: () => configDefaults(config),
    observe: observeEvents(),
  })
}

/** The store of the keychain, whose reasons every client of the platform reports. */
function encryptedStore(options: KeychainStoreOptions): Pick<Platform, 'store' | 'report'> {
  const { onDegraded, report } = degradation()
  return { store: keychainStore({ ...options, onDegraded }), report }
}
