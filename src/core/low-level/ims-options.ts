import type { Emit } from '../events.ts'
import { endpoints } from '../ims/environment.ts'
import type { ConnectionOptions } from '../setup.ts'
import type { ValidationCacheLike } from './validation-cache.ts'

export interface ImsOptions extends ConnectionOptions {
  /** Remembers what `validateToken` and `validateTokenAllowList` found. */
  readonly cache?: ValidationCacheLike | undefined
  readonly onEvent?: Emit | undefined
}

/** What `new Ims(where)` means by `where`: a name that is none of an environment is `prod`, as it was in the old library. */
export function imsOptions(where: string | ImsOptions | null = {}): ImsOptions {
  if (typeof where === 'object' && where !== null) return where
  return { env: Object.hasOwn(endpoints, String(where)) ? String(where) : 'prod' }
}
