import { ConfigurationError } from '../errors.ts'
import { claimsOf } from '../ims/decode-token.ts'
import type { ValidationCache, ValidationResult } from './validation-cache.ts'

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
function copyOf({ imsValidation }: Validated): ImsValidation {
  const { token } = imsValidation
  return token === undefined ? { ...imsValidation } : { ...imsValidation, token: { ...token } }
}

/**
 * The validation that `cache` has for `question`, or that `ask` finds. A hit waits for nothing. The first part of the
 * question is its kind: a client id and an allow list are different questions.
 */
export function throughCache(
  cache: ValidationCache | undefined,
  question: readonly unknown[],
  ask: () => Promise<Validated>,
): ImsValidation | Promise<ImsValidation> {
  if (cache === undefined) return ask().then(copyOf)
  const known = cache.peek(...question) as Validated | undefined
  if (known !== undefined) return copyOf(known)
  return cache.validateWithCache((..._: unknown[]) => ask(), ...question).then(copyOf)
}
