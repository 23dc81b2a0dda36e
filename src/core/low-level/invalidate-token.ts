import { requireText } from '../flows/credentials.ts'
import type { Call } from '../ims/call.ts'
import { claimsOf } from '../ims/decode-token.ts'
import { revoke } from '../ims/endpoints/revoke.ts'
import { invalidateAtIms } from '../ims/invalidation.ts'
import { checkOptions } from '../options.ts'
import type { ClientCredential } from './request-token.ts'

/**
 * Invalidates a token; the claims of the token name its type, and its client unless the caller does.
 *
 * @returns what IMS answered, or `true` without a request if no client ID is known
 */
export async function invalidateTokenOf(
  open: () => Promise<Call>,
  token: string,
  given: { clientId: string | undefined; clientSecret: string | undefined; type: string },
): Promise<string | true> {
  requireText('invalidateToken', { token })
  const claims = claimsOf(token)
  const clientId = given.clientId ?? claims?.client_id
  if (clientId === undefined) return true
  const { type = given.type } = claims ?? {}
  return invalidateAtIms(await open(), { token, type, clientId, clientSecret: given.clientSecret || undefined })
}

/** Revokes a token of `client`. */
export async function revokeTokenOf(open: () => Promise<Call>, token: string, client: ClientCredential): Promise<void> {
  checkOptions('revokeToken', client)
  const { clientId, clientSecret } = client
  requireText('revokeToken', { token, clientId })
  await revoke(await open(), { token, clientId, clientSecret: clientSecret || undefined })
}
