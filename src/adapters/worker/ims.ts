import { imsOfToken } from '../../core/low-level/endpoint-of-token.ts'
import { Ims as CoreIms } from '../../core/low-level/ims.ts'
import { type ImsOptions, imsOptions } from '../../core/low-level/ims-options.ts'
import type { Untyped } from '../../core/low-level/untyped.ts'
import {
  ValidationCache as CoreValidationCache,
  type ValidationCacheLike,
} from '../../core/low-level/validation-cache.ts'
import { workerFetch } from './fetch-worker.ts'
import { mayShareWork } from './isolate/share-work.ts'

/**
 * The low-level IMS HTTP API, with the `fetch` of workers.
 *
 * @example
 * await new Ims('prod').validateToken(token)
 */
export class Ims extends CoreIms {
  constructor(target: string | ImsOptions = {}, cache?: ValidationCacheLike) {
    const { fetch = workerFetch, ...options } = imsOptions(target)
    super({ ...options, fetch }, cache, { sharing: mayShareWork() })
  }

  static override async fromToken(token: string, options: ImsOptions = {}): Promise<Untyped> {
    return imsOfToken(Ims, token, options)
  }
}

/** Caches validations. Unlike in the core's class, no request waits for the validation of another one. */
export class ValidationCache extends CoreValidationCache {
  constructor(maxAge?: number, maxValidEntries?: number, maxInvalidEntries?: number) {
    super(maxAge, maxValidEntries, maxInvalidEntries, undefined, false)
  }
}
