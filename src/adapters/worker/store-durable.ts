import { UnavailableError } from '../../core/errors.ts'
import type { Store } from '../../core/ports.ts'
import type { DurableNamespace } from './bindings.ts'
import type { DurableLock } from './durable-lock.ts'
import { askObjects } from './durable-messages.ts'

export interface DurableStoreOptions {
  /** Name of the Durable Object that keeps the values; one for each tenant spreads the load. Default `imskit`. */
  readonly object?: string | undefined
  /** The lock that writers hold: one that has lost it does not overwrite what the next has written. */
  readonly lock?: Pick<DurableLock, 'fenceOf'> | undefined
}

/**
 * A {@link Store} in a Durable Object of class `ImsLock`: everyone sees at once what was written, so that a refresh
 * token that rotates is not lost.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function durableStore(namespace: DurableNamespace, options: DurableStoreOptions = {}): Store {
  const { object = 'imskit', lock } = options
  const ask = askObjects('durableStore', namespace)
  const turnOf = (key: string) => {
    const fence = lock?.fenceOf(key)
    return fence === undefined ? {} : { fence }
  }
  return {
    get: async (key) => (await ask(object, 'get', { key })).value,
    async set(key, value, expiresAt) {
      const life = expiresAt === undefined ? {} : { expiresAt }
      requireWritten(await ask(object, 'set', { key, value, ...life, ...turnOf(key) }))
    },
    async delete(key) {
      requireWritten(await ask(object, 'delete', { key, ...turnOf(key) }))
    },
    keys: async (prefix) => (await ask(object, 'keys', { prefix })).keys,
  }
}

function requireWritten({ written }: { written: boolean }): void {
  if (written) return
  const message = 'another held the lock meanwhile and has written, so nothing was written over that'
  throw new UnavailableError('STORE_FAILED', message)
}
