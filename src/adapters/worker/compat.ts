import type { CompatIms, CreateImsOptions } from '../../core/compat/compat-api.ts'
import { createIms } from '../../core/compat/create-ims.ts'
import { checkOptions, pickOptions } from '../../core/options.ts'
import { type WorkerPlatformOptions, workerOptions, workerPlatform } from './platform.ts'

export interface WorkerImsOptions
  extends Partial<Omit<CreateImsOptions, keyof WorkerPlatformOptions>>,
    WorkerPlatformOptions {}

/**
 * Named contexts of a worker: in the memory of the isolate, or in `kv` or `store`.
 *
 * @example
 * const ims = createWorkerIms({ kv: env.TOKENS, ctx })
 * await ims.getToken('my_context')
 */
export function createWorkerIms(options: WorkerImsOptions = {}): CompatIms {
  checkOptions('createWorkerIms', options)
  const others = Object.entries(options).filter(([name]) => !Object.hasOwn(workerOptions, name))
  return createIms({ ...workerPlatform(pickOptions(options, workerOptions)), ...Object.fromEntries(others) })
}
