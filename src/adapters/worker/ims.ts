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

/** The low-level IMS HTTP API, with the `fetch` of workers. */
export class Ims extends CoreIms {
  constructor(where: string | ImsOptions = {}, cache?: ValidationCacheLike) {
    const { fetch = workerFetch, ...options } = imsOptions(where)
    super({ ...options, fetch }, cache, { sharing: mayShareWork() })
  }

  static override async fromToken(token: string, options: ImsOptions = {}): Promise<Untyped> {
    return imsOfToken(Ims, token, options)
  }
}

/** Caches validations; see the core's class. Here no request waits for what another one asks. */
export class ValidationCache extends CoreValidationCache {
  constructor(maxAge?: number, maxValidEntries?: number, maxInvalidEntries?: number) {
    super(maxAge, maxValidEntries, maxInvalidEntries, undefined, false)
  }
}
