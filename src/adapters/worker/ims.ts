import { Ims as CoreIms, type ImsOptions } from '../../core/familiar/ims.ts'
import { imsOptions } from '../../core/familiar/ims-options.ts'
import { ValidationCache as CoreValidationCache } from '../../core/familiar/validation-cache.ts'
import { workerFetch } from './fetch-worker.ts'
import { mayShareWork } from './share-work.ts'

/** The low-level IMS HTTP API, with the `fetch` of workers. */
export class Ims extends CoreIms {
  constructor(where: string | ImsOptions = {}, cache?: CoreValidationCache) {
    const { fetch = workerFetch, ...options } = imsOptions(where)
    super({ ...options, fetch }, cache, mayShareWork())
  }
}

/** Caches validations; see the core's class. Here no request waits for what another one asks. */
export class ValidationCache extends CoreValidationCache {
  constructor(maxAge: number, maxValidEntries: number, maxInvalidEntries: number) {
    super(maxAge, maxValidEntries, maxInvalidEntries, undefined, false)
  }
}
