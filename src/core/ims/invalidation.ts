import { ImsResponseError } from '../errors.ts'
import type { Call } from './call.ts'
import { requestInvalidation, type TokenInvalidation } from './endpoints/invalidate-token.ts'
import { revoke } from './endpoints/revoke.ts'
import { isClientRefused, isUnknownToken } from './refusal.ts'

/**
 * Invalidates a token at IMS; with a refresh or device token also the tokens issued for it. A client with a secret uses
 * `POST /ims/invalidate_token/v2`; a client without one, and any client in a browser app, `POST /ims/revoke`, which needs
 * neither a secret nor a preflight. If IMS refuses one of them, the other is tried, but not in a browser app.
 *
 * @returns what IMS answered: an empty text
 * @throws {ImsResponseError} `HTTP_ERROR`
 */
export async function invalidateAtIms(call: Call, token: TokenInvalidation): Promise<string> {
  if (isBrowser()) return revoke(call, token)
  const secret = token.clientSecret !== undefined
  const [first, second] = secret ? [requestInvalidation, revoke] : [revoke, requestInvalidation]
  try {
    return await first(call, token)
  } catch (error) {
    // the other endpoint does not know the token or accept the secret either
    if (!(error instanceof ImsResponseError) || isUnknownToken(error) || (secret && isClientRefused(error))) throw error
    return second(call, token)
  }
}

/** Like {@link invalidateAtIms}, but a token that IMS does not know counts as invalidated. */
export async function invalidateIfKnown(call: Call, token: TokenInvalidation): Promise<string> {
  try {
    return await invalidateAtIms(call, token)
  } catch (error) {
    if (isUnknownToken(error)) return ''
    throw error
  }
}

/** Whether this is a browser app or a worker of one, whose requests to IMS are subject to CORS. */
const isBrowser = () => globalThis.location !== undefined
