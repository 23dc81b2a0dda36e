import { type Call, urlOf } from '../call.ts'
import { send } from '../http.ts'
import { form } from '../request-parameters.ts'

export const revokePath = '/ims/revoke'

/** A token to revoke, and the client that it belongs to. */
export interface Revocation {
  readonly token: string
  /** `token_type_hint`; IMS does not need it. */
  readonly type?: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

/**
 * Revokes a token (`POST /ims/revoke`, RFC 7009). A token that IMS does not know counts as revoked.
 *
 * @returns what IMS answered: an empty text
 * @throws {ImsResponseError} `HTTP_ERROR`
 */
export async function revoke(call: Call, { token, type, clientId, clientSecret }: Revocation): Promise<string> {
  const body = form({ token, client_id: clientId, client_secret: clientSecret, token_type_hint: type })
  return (await send(call, { url: urlOf(call, revokePath), method: 'POST', body })).text
}
