import { isContinued } from '../flows/flow.ts'
import { lazy } from '../lazy.ts'
import { acceptsRepeats } from '../memory.ts'
import { badOption } from '../options.ts'
import type { Platform } from '../ports.ts'
import { noteKey, type Setup } from '../setup.ts'
import type { Renewal } from './renewing.ts'
import { within } from './with-lock.ts'

/** The `renewal` of a flow with refresh tokens. */
export const refreshRenewal: Renewal = {
  load: /* @__PURE__ */ lazy(() => import('./refresh.ts')),
  requireSafe,
  forget: removeNote,
}

/**
 * Refuses refresh tokens on a platform that cannot make sure that each of them is redeemed once.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
function requireSafe({ lock, store }: Pick<Platform, 'lock' | 'store'>): void {
  const unsafe = lock.absent ? 'no lock' : store.consistency && 'an eventually consistent store'
  if (!unsafe || acceptsRepeats(lock)) return
  const what = `with ${unsafe} a refresh token could be redeemed twice, which ends the session`
  const remedy = 'use durableTokens(namespace) in a Worker, or pass lock: noLock to accept this'
  throw badOption(`${what}; ${remedy}`)
}

/** Removes the note of tokens that are forgotten, unless it says that the credential's own refresh token is used up. */
async function removeNote(setup: Setup): Promise<void> {
  if (isContinued(setup.flow)) return
  await within(setup, setup.platform.store.delete(await noteKey(setup))).catch(() => {})
}
