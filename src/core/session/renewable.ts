import { ConfigurationError } from '../errors.ts'
import type { Flow } from '../flows/flow.ts'
import { acceptsRepeats } from '../memory.ts'
import type { Platform } from '../ports.ts'

/**
 * Refuses refresh tokens on a platform that cannot make sure that each of them is redeemed once.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function requireRenewable(flow: Flow, { lock, store }: Pick<Platform, 'lock' | 'store'>): void {
  if (flow.refresh === undefined || acceptsRepeats(lock)) return
  const why = lock.absent
    ? 'this platform has no lock, so two callers could redeem the same refresh token, which ends the session'
    : store.consistency === 'eventual' &&
      'this store may return an older refresh token than the last one, and redeeming that ends the session'
  if (!why) return
  const remedy =
    'in a Worker use durableTokens(namespace), elsewhere a lock and a consistent store, or pass lock: noLock to accept this'
  throw new ConfigurationError('BAD_OPTION', `${why}; ${remedy}`)
}
