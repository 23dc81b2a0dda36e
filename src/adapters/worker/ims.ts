import { Ims as CoreIms, type ImsOptions } from '../../core/familiar/ims.ts'
import type { ValidationCache } from '../../core/familiar/validation-cache.ts'
import { workerFetch } from './fetch-worker.ts'

/** The low-level IMS HTTP API, with the `fetch` of workers. */
export class Ims extends CoreIms {
  constructor(where: string | ImsOptions = {}, cache?: ValidationCache) {
    super(typeof where === 'object' ? { fetch: workerFetch, ...where } : { env: where, fetch: workerFetch }, cache)
  }
}
