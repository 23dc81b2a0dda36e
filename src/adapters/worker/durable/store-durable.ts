import { UnavailableError } from '../../../core/errors.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Store } from '../../../core/ports.ts'
import type { DurableNamespace } from '../bindings.ts'
import { onMedium } from '../isolate/isolate-memory.ts'
import { type DurableLock, type DurableLockOptions, durableLock, lockOptions } from './durable-lock.ts'
import { askObjects, askRepeatedly } from './durable-messages.ts'

export interface DurableStoreOptions {
  /** Name of the Durable Object that stores the values; one for each tenant spreads the load. Default `imskit`. */
  readonly object?: string | undefined
  /** The lock of the writers: a write by a holder that lost it is rejected. */
  readonly lock?: Pick<DurableLock, 'fenceOf'> | undefined
}

const storeOptions: OptionNames<DurableStoreOptions> = { object: 'string', lock: 1 }

/**
 * A {@link Store} in a Durable Object of class `ImsLock`. All isolates read the last write at once, so a rotated refresh
 * token is not lost.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * durableStore(env.IMS, { object: tenant })
 */
export function durableStore(namespace: DurableNamespace, options: DurableStoreOptions = {}): Store {
  checkOptions('durableStore', options, storeOptions)
  const { object = 'imskit', lock } = options
  // a deployment resets the object, and without a repetition a new refresh token would be lost
  const ask = askRepeatedly(askObjects('durableStore', namespace))
  const turnOf = (key: string) => {
    const fence = lock?.fenceOf(key)
    return fence === undefined ? {} : { fence }
  }
  const store: Store = {
    get: async (key) => (await ask(object, 'get', { key })).value,
    async set(key, value, expiresAt) {
      const expiry = expiresAt === undefined ? {} : { expiresAt }
      requireWritten(await ask(object, 'set', { key, value, ...expiry, ...turnOf(key) }))
    },
    async delete(key) {
      requireWritten(await ask(object, 'delete', { key, ...turnOf(key) }))
    },
    keys: async (prefix) => (await ask(object, 'keys', { prefix })).keys,
  }
  return onMedium({ binding: namespace, scope: object, fenced: lock !== undefined }, store)
}

/**
 * A store and a lock in one Durable Object of class `ImsLock`: one renewal across all isolates and regions, and no
 * refresh token is lost.
 *
 * @param options.object as for `durableStore`
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * workerPlatform({ ...durableTokens(env.IMS), ctx })
 */
export function durableTokens(
  namespace: DurableNamespace,
  given: DurableLockOptions = {},
): { store: Store; lock: DurableLock } {
  checkOptions('durableTokens', given, lockOptions)
  const { object = 'imskit', ...options } = given
  const lock = durableLock(namespace, { object, ...options })
  return { lock, store: durableStore(namespace, { object, lock }) }
}

function requireWritten({ written }: { written: boolean }): void {
  if (written) return
  const message = 'Another holder of the lock has written meanwhile, so this write was rejected; try again'
  throw new UnavailableError('STORE_FAILED', message)
}
