import type { Emit } from '../events.ts'
import { endpoints } from '../ims/environment.ts'
import type { ConnectionOptions } from '../setup.ts'
import type { ValidationCacheLike } from './validation-cache.ts'

export interface ImsOptions extends ConnectionOptions {
  /** Caches the results of `validateToken` and `validateTokenAllowList`. */
  readonly cache?: ValidationCacheLike | undefined
  readonly onEvent?: Emit | undefined
}

/** The options that `new Ims(where)` stands for. A name that is not an environment is `prod`, as in `@adobe/aio-lib-ims`. */
export function imsOptions(where: string | ImsOptions | null = {}): ImsOptions {
  if (typeof where === 'object' && where !== null) return where
  return { env: Object.hasOwn(endpoints, String(where)) ? String(where) : 'prod' }
}
