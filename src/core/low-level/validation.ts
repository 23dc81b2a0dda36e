import { untilAborted } from '../async.ts'
import { ConfigurationError } from '../errors.ts'
import { claimsOf } from '../ims/decode-token.ts'
import { badOption } from '../options.ts'
import type { Untyped } from './untyped.ts'
import type { ValidationCacheLike, ValidationResult } from './validation-cache.ts'

/** What IMS answers to a validation. */
export interface ImsValidation {
  readonly valid: boolean
  /** Why not. */
  readonly reason?: string
  readonly token?: Readonly<Record<string, unknown>>
  /** What else IMS says. */
  readonly [member: string]: Untyped
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
function copyOf(validated: Validated): ImsValidation {
  const imsValidation = validated?.imsValidation
  if (typeof imsValidation !== 'object')
    throw badOption('a cache must resolve to what its validation function resolved to')
  const { token } = imsValidation
  return token === undefined ? { ...imsValidation } : { ...imsValidation, token: { ...token } }
}

interface Validation {
  /** What the answer depends on. A client id and an allow list are different questions, so the last part is the kind. */
  readonly question: readonly [token: string, ...unknown[]]
  readonly ask: (signal: AbortSignal | undefined) => Promise<Validated>
  readonly signal: AbortSignal | undefined
}

/** The validation that `cache` has for the question, or that `ask` finds. A hit in a cache of ours waits for nothing. */
export function throughCache(
  cache: ValidationCacheLike | undefined,
  { question, ask, signal }: Validation,
): ImsValidation | Promise<ImsValidation> {
  if (!cache) return ask(signal).then(copyOf)
  const known = cache.peek?.(...question)
  if (known !== undefined) return copyOf(known)
  // others may wait for the same request: a caller's abort ends its own wait only
  const shared: Promise<Validated> = cache.validateWithCache(() => ask(undefined), ...question)
  return untilAborted(shared, signal).then(copyOf)
}
