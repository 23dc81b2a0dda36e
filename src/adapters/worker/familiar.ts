import { createIms } from '../../core/familiar/create-ims.ts'
import type { CreateImsOptions, FamiliarIms } from '../../core/familiar/familiar-api.ts'
import { type WorkerPlatformOptions, workerPlatform } from './platform.ts'

export interface WorkerImsOptions
  extends Partial<Omit<CreateImsOptions, keyof WorkerPlatformOptions>>,
    WorkerPlatformOptions {}

/** Named contexts of a worker: in the memory of the isolate, or in the KV namespace that is given. */
export function createWorkerIms(options: WorkerImsOptions = {}): FamiliarIms {
  return createIms({ ...workerPlatform(options), ...withoutPlatformOptions(options) })
}

function withoutPlatformOptions(options: WorkerImsOptions): Partial<CreateImsOptions> {
  const { kv: _k, store: _s, lock: _l, ctx: _c, waitUntil: _w, prefix: _p, encryptionKey: _e, ...rest } = options
  return rest
}
