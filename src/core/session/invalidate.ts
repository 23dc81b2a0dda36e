import type { Tokens } from '../ims/tokens.ts'
import type { Setup } from '../setup.ts'
import type { Session } from './session.ts'

interface Failure {
  readonly error: unknown
}

/** What failed when the tokens were removed from the store, and when they were invalidated at IMS. */
export interface Invalidation {
  readonly removing?: Failure | undefined
  readonly invalidating?: Failure | undefined
}

/**
 * Removes the tokens from the store and invalidates them at IMS; neither depends on the other. The refresh token is
 * invalidated first: it could still be redeemed for new access tokens.
 */
export async function invalidateTokens(
  { flow, connection, call: newCall }: Setup,
  session: Session,
  signal: AbortSignal | undefined,
): Promise<Invalidation> {
  signal?.throwIfAborted()
  let tokens: Tokens | undefined
  const removing = await failureOf(() =>
    session.forget((found) => {
      tokens = found
    }),
  )
  if (tokens === undefined) return { removing }
  const call = await newCall(signal)
  const { accessToken, expiresAt, refreshToken } = tokens
  const first =
    refreshToken !== undefined && (await failureOf(() => flow.invalidate(call, 'refresh_token', refreshToken)))
  const second =
    expiresAt > connection.clock.now() && (await failureOf(() => flow.invalidate(call, 'access_token', accessToken)))
  signal?.throwIfAborted()
  return { removing, invalidating: first || second || undefined }
}

async function failureOf(step: () => Promise<unknown>): Promise<Failure | undefined> {
  try {
    await step()
    return undefined
  } catch (error) {
    return { error }
  }
}
