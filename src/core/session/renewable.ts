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
  const unsafe = lock.absent ? 'no lock' : store.consistency && 'an eventually consistent store'
  if (flow.refresh === undefined || !unsafe || acceptsRepeats(lock)) return
  const what = `with ${unsafe} a refresh token could be redeemed twice, which ends the session`
  const remedy = 'use durableTokens(namespace) in a Worker, or pass lock: noLock to accept this'
  throw new ConfigurationError('BAD_OPTION', `${what}; ${remedy}`)
}
