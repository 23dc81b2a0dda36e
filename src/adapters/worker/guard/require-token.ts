import { ConfigurationError, isImsError, TokenError } from '../../../core/errors.ts'
import { createEmitter, type Emit } from '../../../core/events.ts'
import { claimsOf, type TokenClaims } from '../../../core/ims/decode-token.ts'
import { lazy } from '../../../core/lazy.ts'
import { validateAtIms } from '../../../core/low-level/validate-at-ims.ts'
import type { Validated } from '../../../core/low-level/validation.ts'
import type { ValidationCache as CoreValidationCache } from '../../../core/low-level/validation-cache.ts'
import { checkOptions, type OptionNames, pickOptions } from '../../../core/options.ts'
import { type Connection, type ConnectionOptions, connect } from '../../../core/setup.ts'
import { checkVerifyOptions, claimsFault, verifyOptions } from '../../../core/verify/claims-fault.ts'
import { objectIn, parseCompact } from '../../../core/verify/compact-token.ts'
import { invalid } from '../../../core/verify/invalid.ts'
import type { Verifier, VerifyTokenOptions } from '../../../core/verify/verify-token.ts'
import { workerFetch } from '../fetch-worker.ts'
import { mayShareWork } from '../isolate/share-work.ts'
import { requireRequest } from '../require-arguments.ts'
import { bearerAnswers } from './bearer-answers.ts'
import { bearerOf } from './bearer-token.ts'

export interface RequireTokenOptions extends VerifyTokenOptions, Omit<ConnectionOptions, 'readKey' | 'issuers'> {
  /**
   * `local` (default): the signature is checked here, with IMS's published keys. `ims`: IMS is asked, which knows what
   * was revoked.
   */
  readonly validate?: 'local' | 'ims' | undefined
  /** Remembers what IMS said, with `validate: 'ims'`. */
  readonly cache?: CoreValidationCache | undefined
  /** Lets tokens of every client through: each application of anyone at Adobe's. */
  readonly anyClient?: boolean | undefined
  /** Names the protected space in the challenge; default `api`. */
  readonly realm?: string | undefined
  readonly onEvent?: Emit | undefined
}

/** The claims of the caller's token, or the answer to one who has no good one. */
export type Guard = (request: Request) => Promise<TokenClaims | Response>

// requests of one isolate share the keys, also where each makes a guard of its own
const verifiers = /* @__PURE__ */ new Map<string, Verifier>()
const fewVerifiers = 20
const loadVerifier = /* @__PURE__ */ lazy(() => import('../../../core/verify/verify-token.ts'))

const optionNames: OptionNames<RequireTokenOptions> = {
  validate: 1,
  cache: 1,
  anyClient: 1,
  realm: 1,
  onEvent: 1,
  clientId: 1,
  allowList: 1,
  scopes: 1,
  issuer: 1,
  clockTolerance: 1,
  env: 1,
  endpoint: 1,
  timeout: 1,
  retry: 1,
  clock: 1,
  fetch: 1,
}

/**
 * A guard in front of an API: `Authorization: Bearer` and nothing else is looked at, and refused as RFC 6750 has it.
 *
 * ```ts
 * const guard = requireToken({ allowList: ['my-client'], scopes: ['openid'] })
 * const caller = await guard(request)
 * if (caller instanceof Response) return caller
 * ```
 *
 * @throws {ConfigurationError} `BAD_OPTION`, also where nothing says whose tokens are accepted
 */
export function requireToken(given: RequireTokenOptions): Guard {
  // without options the message below says what is needed
  const options = given ?? {}
  checkOptions('requireToken', options, optionNames)
  const { clientId, allowList, scopes = [], anyClient = false, validate = 'local', realm = 'api' } = options
  const asked = pickOptions<VerifyTokenOptions>(options, verifyOptions)
  checkVerifyOptions(asked)
  if (clientId === undefined && allowList === undefined && anyClient !== true) {
    const what = 'requireToken needs allowList or clientId: without, every application at Adobe could call'
    throw new ConfigurationError('BAD_OPTION', `${what}; set anyClient: true if that is meant`)
  }
  if (validate !== 'local' && validate !== 'ims')
    throw new ConfigurationError('BAD_OPTION', `validate must be 'local' or 'ims'`)
  const answers = bearerAnswers({ realm, scopes })
  const connection = connectionOf(options)
  const check = validate === 'ims' ? imsCheck(connection, options) : localCheck(connection, options)

  return async (request) => {
    requireRequest('the guard', request)
    const bearer = bearerOf(request)
    if (bearer === 'none') return answers.missing()
    if (bearer === 'malformed') return answers.malformed()
    try {
      return await check(bearer.token, asked)
    } catch (error) {
      if (error instanceof TokenError) return answers.invalid(error.reason)
      if (error instanceof ConfigurationError || !isImsError(error)) throw error
      return answers.unavailable('retryAfter' in error ? error : {})
    }
  }
}

/** Whoever waits for an API does not wait long: one more try, soon. */
function connectionOf(options: RequireTokenOptions): Connection {
  const { onEvent, fetch = workerFetch, timeout = 5_000, retry = {} } = options
  const soon = { retries: 1, maxRetryAfter: 1_000, ...retry }
  return connect({ ...options, fetch, timeout, retry: soon }, createEmitter(onEvent).emit)
}

function localCheck(connection: Connection, { fetch, clock, onEvent }: RequireTokenOptions): Verifier {
  const own = fetch !== undefined || clock !== undefined || onEvent !== undefined
  const create = () => lateVerifier(connection, mayShareWork())
  if (own) return create()
  const { endpoint, timeout, retry } = connection
  const key = JSON.stringify([endpoint, timeout, retry])
  const verifier = verifiers.get(key) ?? create()
  if (verifiers.size >= fewVerifiers) verifiers.clear()
  verifiers.set(key, verifier)
  return verifier
}

function lateVerifier(connection: Connection, sharing: boolean): Verifier {
  let verifier: Verifier | undefined
  return async (token, options) => {
    const { createVerifier } = await loadVerifier()
    verifier ??= createVerifier(connection, { sharing })
    return verifier(token, options)
  }
}

/** Asks IMS, and checks here what IMS is not asked about. */
function imsCheck(connection: Connection, { cache, clientId }: RequireTokenOptions): Verifier {
  return async (token, options = {}) => {
    const claimed = readClaims(token)
    const ask = () => validateAtIms(async () => connection, token, clientId)
    const found =
      cache === undefined
        ? await ask()
        : await cache.validateWithCache(
            (..._: unknown[]) => ask(),
            'guard',
            connection.endpoint,
            clientId ?? null,
            token,
          )
    const { imsValidation } = found as Validated
    const claims = claimed ?? (imsValidation.token as TokenClaims | undefined)
    if (!imsValidation.valid || claims === undefined) throw new TokenError('TOKEN_INVALID', 'IMS refused the token')
    const reason = claimsFault(claims, options, connection.clock.now())
    if (reason !== undefined) throw new TokenError('TOKEN_INVALID', 'the token is not for here', { reason })
    return claims
  }
}

/**
 * The claims of a token, which IMS may read in another way unless there is only one; `undefined` for an opaque token.
 *
 * @throws {TokenError} `TOKEN_INVALID`, `malformed`
 */
function readClaims(token: string): TokenClaims | undefined {
  if (claimsOf(token) === undefined) return undefined
  const parts = parseCompact(token)
  const claims = parts && objectIn(parts.payload)
  if (claims === undefined) throw invalid('malformed')
  return claims as TokenClaims
}
