import { ImsResponseError } from '../errors.ts'
import { type Call, urlOf } from './call.ts'
import { send } from './http.ts'
import { paths } from './paths.ts'
import { isClientRefused, isUnknownToken } from './refusal.ts'

/** The kinds of token that IMS invalidates. */
export type InvalidatedType = 'access_token' | 'refresh_token' | 'device_token' | 'service_token' | 'promise_token'

/** A token, what it is, and the client that it belongs to. */
export interface Invalidation {
  readonly token: string
  readonly type: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

/**
 * Ends a token at IMS; with a refresh or device token also what came from it. A client with a secret uses
 * `POST /ims/invalidate_token/v2`; one without, and any in a page, `POST /ims/revoke` (RFC 7009), which needs neither a
 * secret nor a preflight. If IMS refuses one, the other is asked, but not in a page.
 *
 * @returns what IMS answered: an empty text
 * @throws {ImsResponseError} `HTTP_ERROR`
 */
export async function invalidateAtIms(call: Call, what: Invalidation): Promise<string> {
  if (isPage()) return revoke(call, what)
  const secret = what.clientSecret !== undefined
  const [first, second] = secret ? [invalidate, revoke] : [revoke, invalidate]
  try {
    return await first(call, what)
  } catch (error) {
    // a token that IMS does not know, or a wrong secret, fares no better there
    if (!(error instanceof ImsResponseError) || isUnknownToken(error) || (secret && isClientRefused(error))) throw error
    return second(call, what)
  }
}

/** As {@link invalidateAtIms}, but a token that IMS does not know, or no longer, has ended. */
export async function endAtIms(call: Call, what: Invalidation): Promise<string> {
  try {
    return await invalidateAtIms(call, what)
  } catch (error) {
    if (isUnknownToken(error)) return ''
    throw error
  }
}

function invalidate(call: Call, what: Invalidation): Promise<string> {
  const { type, clientId } = what
  const cascades = type === 'refresh_token' || type === 'device_token'
  const parameters = { token_type: type, ...(cascades && { cascading: 'all' }) }
  return post(call, what, { path: paths.invalidateToken, parameters, headers: { 'x-ims-clientid': clientId } })
}

function revoke(call: Call, what: Invalidation): Promise<string> {
  return post(call, what, { path: paths.revoke, parameters: { token_type_hint: what.type } })
}

async function post(
  call: Call,
  { token, clientId, clientSecret }: Invalidation,
  { path, parameters, headers }: { path: string; parameters: Record<string, string>; headers?: Record<string, string> },
): Promise<string> {
  const secret = clientSecret !== undefined && { client_secret: clientSecret }
  const body = new URLSearchParams({ token, client_id: clientId, ...secret, ...parameters })
  return (await send(call, { url: urlOf(call, path), method: 'POST', body, ...(headers && { headers }) })).text
}

/** Whether this is a page or a worker of one, whose requests to IMS are subject to CORS. */
const isPage = () => globalThis.location !== undefined
