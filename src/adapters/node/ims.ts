import { imsOfToken } from '../../core/low-level/endpoint-of-token.ts'
import { Ims as CoreIms } from '../../core/low-level/ims.ts'
import type { ImsSetting } from '../../core/low-level/ims-connection.ts'
import { type ImsOptions, imsOptions } from '../../core/low-level/ims-options.ts'
import type { Untyped } from '../../core/low-level/untyped.ts'
import {
  ValidationCache as CoreValidationCache,
  type Digest,
  type ValidationCacheLike,
} from '../../core/low-level/validation-cache.ts'
import type { ConnectionDefaults } from '../../core/ports.ts'
import { aioConfig } from './config/aio-config.ts'
import { configDefaults, configDefaultsNow } from './config/defaults.ts'
import { debugPrinter } from './debug.ts'

/**
 * The low-level IMS HTTP API. Without `endpoint` it takes `ims.config.endpoint` of the `.aio` files and variables
 * (`AIO_IMS_CONFIG_ENDPOINT`), without `env` `AIO_CLI_ENV` or `cli.env`, as contexts and clients do. If a file is YAML
 * or cannot be read, they are found before the first request, which then rejects with `CONFIG_UNREADABLE`.
 */
export class Ims extends CoreIms {
  constructor(where?: string | ImsOptions, cache?: ValidationCacheLike) {
    const { options, setting } = located(imsOptions(where))
    super(withPrinter(options), cache, setting)
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

/** The options with what the configuration says; an endpoint of it wins over any environment. */
function located(options: ImsOptions): { options: ImsOptions; setting: ImsSetting } {
  if (options.endpoint !== undefined) return { options, setting: {} }
  const found = configDefaultsNow()
  if (found === undefined)
    return { options, setting: { settle: async () => named(options, await configDefaults(aioConfig())) } }
  const { untrusted, ...where } = named(options, found)
  return { options: { ...options, ...where }, setting: { untrusted } }
}

function named({ env }: ImsOptions, defaults: ConnectionDefaults): ConnectionDefaults {
  return env === undefined ? defaults : { ...defaults, env }
}

/** `DEBUG=imskit` prints what this instance asks, beside what its owner listens to. */
function withPrinter(options: ImsOptions): ImsOptions {
  const print = debugPrinter()
  if (print === undefined) return options
  const { onEvent } = options
  return {
    ...options,
    onEvent(event) {
      print(event)
      onEvent?.(event)
    },
  }
}

/** Caches validations; see the core's class. Here the digest is a SHA-256 of Node's, synchronous from the second one on. */
export class ValidationCache extends CoreValidationCache {
  constructor(maxAge?: number, maxValidEntries?: number, maxInvalidEntries?: number) {
    super(maxAge, maxValidEntries, maxInvalidEntries, sha256)
  }
}

let hash: ((text: string) => string) | undefined

/** A digest is made at every look-up: synchronous once Node's cryptography is loaded, which takes longer than all else here. */
const sha256: Digest = (text) => (hash === undefined ? loadHash().then((made) => made(text)) : hash(text))

/** One call into the runtime if it has that (Node 20.12). */
async function loadHash(): Promise<(text: string) => string> {
  const { createHash, hash: oneShot } = await import('node:crypto')
  // a character a byte: half the memory of base64url, and nothing that has to be cut
  hash =
    typeof oneShot === 'function'
      ? (input) => oneShot('sha256', input, 'binary')
      : (input) => createHash('sha256').update(input).digest('binary')
  return hash
}
