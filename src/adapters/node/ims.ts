import { Ims as CoreIms, type ImsOptions } from '../../core/familiar/ims.ts'
import { imsOptions } from '../../core/familiar/ims-options.ts'
import { ValidationCache as CoreValidationCache, type Digest } from '../../core/familiar/validation-cache.ts'
import { debugPrinter } from './debug.ts'

/**
 * The low-level IMS HTTP API. Without `env` it takes `AIO_CLI_ENV`, without `endpoint` `AIO_IMS_CONFIG_ENDPOINT`.
 */
export class Ims extends CoreIms {
  constructor(where?: string | ImsOptions, cache?: CoreValidationCache) {
    super(withPrinter(withDefaults(where)), cache)
  }
}

function withDefaults(where: string | ImsOptions | undefined): string | ImsOptions {
  const endpoint = variable('AIO_IMS_CONFIG_ENDPOINT')
  if (typeof where === 'string') return endpoint === undefined ? where : { env: where, endpoint }
  if (where?.endpoint !== undefined || (where?.env !== undefined && endpoint === undefined)) return where
  const env = where?.env ?? (variable('AIO_CLI_ENV')?.toLowerCase() === 'stage' ? 'stage' : 'prod')
  return { ...where, env, ...(endpoint !== undefined && { endpoint }) }
}

/** `DEBUG=imskit` prints what this instance asks, beside what its owner listens to. */
function withPrinter(where: string | ImsOptions): string | ImsOptions {
  const print = debugPrinter()
  if (print === undefined) return where
  const options = imsOptions(where)
  const { onEvent } = options
  return {
    ...options,
    onEvent(event) {
      print(event)
      onEvent?.(event)
    },
  }
}

function variable(name: string): string | undefined {
  return process.env[name] || process.env[name.toLowerCase()] || undefined
}

/** Caches validations; see the core's class. Here the digest is a SHA-256 of Node's, synchronous from the second one on. */
export class ValidationCache extends CoreValidationCache {
  constructor(maxAge: number, maxValidEntries: number, maxInvalidEntries: number) {
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
