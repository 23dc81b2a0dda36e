import { untilAborted } from '../async.ts'
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

/** A validation as a cache stores it. */
export interface Validated extends ValidationResult {
  readonly imsValidation: ImsValidation
}

/** The part of `Ims` that validates: the cache and the endpoint may be replaced, the method overridden. */
interface Validator {
  readonly cache?: ValidationCacheLike | undefined
  readonly endpoint: string
  _validateToken(token: string, clientId?: string, signal?: AbortSignal): Promise<Validated>
}

interface ValidationCall {
  readonly clientId?: string | undefined
  readonly allowList?: readonly string[] | undefined
  readonly signal: AbortSignal | undefined
}

/** Validates a token through the cache of `ims`. */
export function validateCached(
  ims: Validator,
  token: string,
  { clientId, signal }: ValidationCall,
): ImsValidation | Promise<ImsValidation> {
  return throughCache(ims.cache, {
    question: [token, clientId, ims.endpoint, 'token'],
    ask: (signal) => ims._validateToken(token, clientId, signal),
    signal,
  })
}

/**
 * Validates a token and checks that its client is on the list, through the cache of `ims`. Without a list all clients
 * are accepted, with an empty one none.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a list that is not an array: `includes` of text would match parts of it
 */
export function validateListed(
  ims: Validator,
  token: string,
  { allowList, signal }: ValidationCall,
): ImsValidation | Promise<ImsValidation> {
  if (allowList !== undefined && !Array.isArray(allowList))
    throw badOption('The allow list must be an array of client IDs')
  return throughCache(ims.cache, {
    question: [token, allowList, ims.endpoint, 'allow-list'],
    ask: async (signal) => checkAllowList(await ims._validateToken(token, undefined, signal), token, allowList),
    signal,
  })
}

// the text of @adobe/aio-lib-ims
const notAllowed =
  'Token is not valid, reason: IMS client is not authorized to call this endpoint. Please use a JWT from an IMS client on the allow list.'

function checkAllowList(result: Validated, token: string, allowList: readonly string[] | undefined): Validated {
  const listed = allowList === undefined || allowList.includes(claimsOf(token)?.client_id ?? '')
  if (!result.imsValidation.valid || listed) return result
  return { status: 403, imsValidation: { valid: false, reason: notAllowed } }
}

interface CachedQuestion {
  /** What the answer depends on. The last part tells client IDs and allow lists apart. */
  readonly question: readonly [token: string, ...unknown[]]
  readonly ask: (signal: AbortSignal | undefined) => Promise<Validated>
  readonly signal: AbortSignal | undefined
}

/** The validation in `cache`, or else what `ask` resolves to. A hit in a `ValidationCache` may be synchronous. */
function throughCache(
  cache: ValidationCacheLike | undefined,
  { question, ask, signal }: CachedQuestion,
): ImsValidation | Promise<ImsValidation> {
  if (!cache) return ask(signal).then(copyOf)
  const known = cache.peek?.(...question)
  if (known !== undefined) return copyOf(known)
  // other callers may wait for the same request: an abort must end this caller's wait only
  const shared: Promise<Validated> = cache.validateWithCache(() => ask(undefined), ...question)
  return untilAborted(shared, signal).then(copyOf)
}

/** A copy for one caller, so that its changes do not reach the next one. */
function copyOf(validated: Validated): ImsValidation {
  const imsValidation = validated?.imsValidation
  if (typeof imsValidation !== 'object')
    throw badOption('A cache must resolve to what its validation function resolved to')
  const { token } = imsValidation
  return token === undefined ? { ...imsValidation } : { ...imsValidation, token: { ...token } }
}
