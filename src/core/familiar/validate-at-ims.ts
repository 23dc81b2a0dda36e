import { ConfigurationError } from '../errors.ts'
import { type Call, malformed, parseObject, send } from '../ims/call.ts'
import { claimsOf, expiryOf } from '../ims/decode-token.ts'
import { paths } from '../ims/environment.ts'
import { bearer, form, isSendable } from './request-parameters.ts'
import type { ValidationResult } from './validation-cache.ts'

/** What IMS answers to a validation. */
export interface ImsValidation {
  readonly valid: boolean
  /** Why not. */
  readonly reason?: string
  readonly token?: Readonly<Record<string, unknown>>
}

/** A validation as a cache keeps it. */
export interface Validated extends ValidationResult {
  readonly imsValidation: ImsValidation
}

const notAllowed =
  'Token is not valid, reason: IMS client is not authorized to call this endpoint. Please use a JWT from an IMS client on the allow list.'

/**
 * Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`); what cannot be a token is not sent.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`; `IMS_MALFORMED` for an answer without a verdict
 */
export async function validateAtIms(call: Call, token: string, clientId: string | undefined): Promise<Validated> {
  const claims = claimsOf(token)
  const client = clientId ?? claims?.client_id
  if (client === undefined || !isSendable(token))
    return { status: 401, imsValidation: { valid: false, reason: 'bad payload' } }
  const body = form({ type: claims?.type ?? 'access_token', client_id: client })
  const request = { url: call.endpoint + paths.validateToken, method: 'POST', headers: bearer(token), body }
  const answer = await send(call, request)
  const said = parseObject(answer.text)
  const valid = said?.valid
  // no verdict is no reason to refuse a token, least of all for as long as a cache remembers it
  if (typeof valid !== 'boolean') throw malformed(request, answer, 'the answer does not say whether the token is valid')
  return { status: valid ? 200 : 401, imsValidation: { ...said, valid }, expiresAt: expiryOf(claims) }
}

/** `result`, or a refusal where the token's client is not on the list. No list: no check; an empty one refuses all. */
export function checkAllowList(result: Validated, token: string, allowList: readonly string[] | undefined): Validated {
  const listed = allowList === undefined || allowList.includes(claimsOf(token)?.client_id ?? '')
  if (!result.imsValidation.valid || listed) return result
  return { status: 403, imsValidation: { valid: false, reason: notAllowed } }
}

/** @throws {ConfigurationError} `BAD_OPTION` for a list that is none: text would match parts of itself */
export function requireAllowList(allowList: unknown): void {
  if (allowList === undefined || Array.isArray(allowList)) return
  throw new ConfigurationError('BAD_OPTION', 'the allow list must be an array of client ids')
}

/** What was found, for one caller: what that does to it must not reach the next. */
export function copyOf({ imsValidation }: Validated): ImsValidation {
  const { token } = imsValidation
  return token === undefined ? { ...imsValidation } : { ...imsValidation, token: { ...token } }
}
