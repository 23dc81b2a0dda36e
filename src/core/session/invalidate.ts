import type { Tokens } from '../ims/tokens.ts'
import { forgetTokens } from './session.ts'
import type { SessionMemory } from './state.ts'
import { noteFailure } from './with-lock.ts'

interface Failure {
  readonly error: unknown
}

/** What failed when the tokens were removed from the store (`here`), and when they were invalidated at IMS. */
export interface Invalidation {
  readonly here?: Failure | undefined
  readonly atIms?: Failure | undefined
}

/**
 * Removes the tokens from the store and invalidates them at IMS; neither depends on the other. The refresh token is
 * invalidated first: it could still be redeemed for new access tokens. A failure at IMS is also an `error` event.
 */
export async function invalidateTokens(state: SessionMemory, signal: AbortSignal | undefined): Promise<Invalidation> {
  signal?.throwIfAborted()
  let tokens: Tokens | undefined
  const here = await failureOf(() =>
    forgetTokens(state, (found) => {
      tokens = found
    }),
  )
  if (tokens === undefined) return { here }
  const { setup } = state
  const { flow, connection } = setup
  const call = await setup.call(signal)
  const { accessToken, expiresAt, refreshToken } = tokens
  const first =
    refreshToken !== undefined && (await failureOf(() => flow.invalidate(call, 'refresh_token', refreshToken)))
  const second =
    expiresAt > connection.clock.now() && (await failureOf(() => flow.invalidate(call, 'access_token', accessToken)))
  signal?.throwIfAborted()
  const atIms = first || second || undefined
  if (atIms) noteFailure(setup, atIms.error, 'invalidating')
  return { here, atIms }
}

async function failureOf(step: () => Promise<unknown>): Promise<Failure | undefined> {
  try {
    await step()
    return undefined
  } catch (error) {
    return { error }
  }
}
