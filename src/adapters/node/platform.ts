import { memoryStore } from '../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'
import { providePlatform } from '../../core/platform.ts'
import type { ConnectionDefaults, Platform } from '../../core/ports.ts'
import { type AioConfig, aioConfig } from './config/aio-config.ts'
import { directoryValue, untrustedEndpoint } from './config/trust.ts'
import { debugPrinter } from './debug.ts'
import { loopbackRedirect, readKey } from './late.ts'
import { fileLock } from './lock-file.ts'
import type { LoginOptions } from './login-options.ts'
import { fileStore } from './store-file.ts'

const settings = ['ims', 'config'] as const

export interface NodePlatformOptions {
  /** Where tokens and locks are kept. Default: `$XDG_STATE_HOME/imskit`, else `~/.local/state/imskit`. */
  readonly directory?: string
  /** How a login in the browser goes. */
  readonly login?: LoginOptions
  /** Where default `env` and `endpoint` come from. Default: the `.aio` files and the environment. */
  readonly config?: AioConfig
}

const optionNames: OptionNames<NodePlatformOptions> = { directory: 1, login: 1, config: 1 }

/**
 * What Node lends the core: tokens in files (0600), a lock across processes, login with the system browser, key files.
 * `env` falls back to `AIO_CLI_ENV` or `cli.env`, `endpoint` to `ims.config.endpoint` of the `.aio` files.
 */
export function nodePlatform(options: NodePlatformOptions = {}): Platform {
  checkOptions('nodePlatform', options, optionNames)
  const { directory, login, config = aioConfig() } = options
  const observe = debugPrinter()
  return providePlatform({
    store: fileStore(directory === undefined ? {} : { directory: `${directory}/tokens` }),
    lock: fileLock(directory === undefined ? {} : { directory: `${directory}/locks` }),
    redirect: loopbackRedirect(login),
    // a login under way belongs to this process: its verifier is never written to disk
    pending: memoryStore(),
    readKey,
    defaults: () => configDefaults(config),
    ...(observe && { observe }),
  })
}

/**
 * The environment and endpoint that the `.aio` files and the process environment name, with the error of a use that
 * would send secrets of the user to an endpoint that only the working directory names.
 */
export async function configDefaults(config: AioConfig): Promise<ConnectionDefaults> {
  const endpoint = await config.get([...settings, 'endpoint'])
  if (endpoint !== undefined) {
    const place = await config.provenance?.(settings)
    const named = place && directoryValue(place, settings, 'endpoint', endpoint)
    const untrusted = named && untrustedEndpoint(named, String(endpoint))
    return { endpoint: endpoint as string, ...(untrusted && { untrusted }) }
  }
  const env = (await config.variable('AIO_CLI_ENV')) ?? (await config.get(['cli', 'env']))
  const name = typeof env === 'string' ? env.trim().toLowerCase() : ''
  // as aio-lib-env: what is no known environment is prod
  return { env: name === 'stage' ? 'stage' : 'prod' }
}
