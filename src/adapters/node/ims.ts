import { imsOfToken } from '../../core/low-level/endpoint-of-token.ts'
import { Ims as CoreIms } from '../../core/low-level/ims.ts'
import type { ImsSetting } from '../../core/low-level/ims-connection.ts'
import { type ImsOptions, imsOptions } from '../../core/low-level/ims-options.ts'
import type { Untyped } from '../../core/low-level/untyped.ts'
import {
  ValidationCache as CoreValidationCache,
  type ValidationCacheLike,
} from '../../core/low-level/validation-cache.ts'
import type { ConnectionDefaults } from '../../core/ports.ts'
import { aioConfig } from './config/aio-config.ts'
import { configDefaults, configDefaultsNow } from './config/defaults.ts'
import { observeEvents } from './debug.ts'
import { sha256 } from './sha256.ts'

/**
 * The low-level IMS HTTP API. `endpoint` defaults to `ims.config.endpoint` of the `.aio` files and variables
 * (`AIO_IMS_CONFIG_ENDPOINT`), `env` to `AIO_CLI_ENV` or `cli.env`, as for contexts and clients. If a file is YAML or
 * cannot be read, these defaults are read before the first request, which may reject with `CONFIG_UNREADABLE`.
 *
 * @example
 * const ims = new Ims('stage')
 * const { valid } = await ims.validateToken(token)
 */
export class Ims extends CoreIms {
  constructor(where?: string | ImsOptions, cache?: ValidationCacheLike) {
    const { options, setting } = withDefaults(imsOptions(where))
    super(withObserver(options), cache, setting)
  }

  static override async fromToken(token: string, options: ImsOptions = {}): Promise<Untyped> {
    const defaults = options?.endpoint === undefined ? await configDefaults(aioConfig()) : {}
    if (defaults.untrusted) throw defaults.untrusted
    return imsOfToken(
      Ims,
      token,
      defaults.endpoint === undefined ? options : { ...options, endpoint: defaults.endpoint },
    )
  }
}

/** Adds the defaults of the configuration to the options; a configured endpoint overrides any environment. */
function withDefaults(options: ImsOptions): { options: ImsOptions; setting: ImsSetting } {
  if (options.endpoint !== undefined) return { options, setting: {} }
  const found = configDefaultsNow()
  if (found === undefined)
    return { options, setting: { settle: async () => withEnv(options, await configDefaults(aioConfig())) } }
  const { untrusted, ...where } = withEnv(options, found)
  return { options: { ...options, ...where }, setting: { untrusted } }
}

function withEnv({ env }: ImsOptions, defaults: ConnectionDefaults): ConnectionDefaults {
  return env === undefined ? defaults : { ...defaults, env }
}

/** Events are published, and printed with `DEBUG=imskit`, before they are passed to the caller's `onEvent`. */
function withObserver(options: ImsOptions): ImsOptions {
  const observe = observeEvents()
  const { onEvent } = options
  return {
    ...options,
    onEvent(event) {
      observe(event)
      onEvent?.(event)
    },
  }
}

/**
 * Caches validations. The digest is Node.js's SHA-256, which is synchronous after its first use.
 *
 * @example
 * const ims = new Ims('prod', new ValidationCache(60_000, 1000, 1000))
 */
export class ValidationCache extends CoreValidationCache {
  constructor(maxAge?: number, maxValidEntries?: number, maxInvalidEntries?: number) {
    super(maxAge, maxValidEntries, maxInvalidEntries, sha256)
  }
}
