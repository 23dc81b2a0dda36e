import { ConfigurationError, isImsError, TokenError } from '../../../core/errors.ts'
import { createEmitter, type Emit } from '../../../core/events.ts'
import { claimsOf, type TokenClaims } from '../../../core/ims/decode-token.ts'
import { lazy } from '../../../core/lazy.ts'
import { validateAtIms } from '../../../core/low-level/validate-at-ims.ts'
import type { Validated } from '../../../core/low-level/validation.ts'
import type { ValidationCache as CoreValidationCache } from '../../../core/low-level/validation-cache.ts'
import { badOption, checkOptions, type OptionNames, pickOptions } from '../../../core/options.ts'
import { type Connection, type ConnectionOptions, connect } from '../../../core/setup.ts'
import { checkVerifyOptions, claimsFault, verifyOptions } from '../../../core/verify/claims-fault.ts'
import { objectIn, parseCompact } from '../../../core/verify/compact-token.ts'
import { invalid } from '../../../core/verify/invalid.ts'
import type { Verifier, VerifyTokenOptions } from '../../../core/verify/verify-token.ts'
import { workerFetch } from '../fetch-worker.ts'
import { mayShareWork } from '../isolate/share-work.ts'
import { requireRequest } from '../require-arguments.ts'
import { type AuthInfo, authInfo } from './auth-info.ts'
import { bearerResponses } from './bearer-responses.ts'
import { bearerOf } from './bearer-token.ts'
import { type ResourceMetadata, resourceMetadata } from './resource-metadata.ts'

export interface RequireTokenOptions extends VerifyTokenOptions, Omit<ConnectionOptions, 'readKey' | 'issuers'> {
  /**
   * `local` (default): the guard verifies the signature with the published keys of IMS. `ims`: IMS validates the token,
   * and also rejects revoked tokens.
   */
  readonly validate?: 'local' | 'ims' | undefined
  /** Caches the results of IMS, with `validate: 'ims'`. */
  readonly cache?: CoreValidationCache | undefined
  /** Accepts tokens of every client: of any application that is registered with Adobe. */
  readonly anyClient?: boolean | undefined
  /** Names the protected space in the challenge; default `api`. */
  readonly realm?: string | undefined
  /**
   * The address of the API, as its clients know it, such as `https://api.example/mcp`. Rejections name its metadata
   * (RFC 9728), which tells clients, such as agents, which server issues tokens for it.
   */
  readonly resource?: string | undefined
  /** What the metadata names as the source of tokens; default: the issuer of IMS. */
  readonly authorizationServers?: readonly string[] | undefined
  readonly onEvent?: Emit | undefined
}

/** A guard in front of an API. */
export interface Guard {
  /** Resolves to the claims of the request's token, or to the response that rejects the request. */
  (request: Request): Promise<TokenClaims | Response>
  /** As the guard itself, but with the token and what it says about the caller. */
  authenticate(request: Request): Promise<AuthInfo | Response>
  /** The response to a request for the metadata of `resource`; `undefined` for all other requests. */
  metadata(request: Request): Response | undefined
}

// the requests of one isolate share the keys, even if each request creates its own guard
const verifiers = /* @__PURE__ */ new Map<string, Verifier>()
const mostVerifiers = 20
const loadVerifier = /* @__PURE__ */ lazy(() => import('../../../core/verify/verify-token.ts'))

const optionNames: OptionNames<RequireTokenOptions> = {
  validate: 1,
  cache: 'object',
  anyClient: 'boolean',
  realm: 'string',
  resource: 1,
  authorizationServers: 1,
  onEvent: 'function',
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
 * A guard in front of an API: it checks the token in `Authorization: Bearer`, and rejects requests as RFC 6750 says.
 *
 * @throws {ConfigurationError} `BAD_OPTION`, also if no option says which clients' tokens are accepted
 * @example
 * const guard = requireToken({ allowList: ['my-client'], scopes: ['openid'] })
 * const claims = await guard(request)
 * if (claims instanceof Response) return claims
 */
export function requireToken(given: RequireTokenOptions): Guard {
  // without options, the error below says what is needed
  const options = given ?? {}
  checkOptions('requireToken', options, optionNames)
  const { clientId, allowList, scopes = [], anyClient = false, validate = 'local', realm = 'api' } = options
  const rules = pickOptions<VerifyTokenOptions>(options, verifyOptions)
  checkVerifyOptions(rules)
  if (clientId === undefined && allowList === undefined && anyClient !== true) {
    throw badOption(
      'A guard needs allowList or clientId, because otherwise it would accept tokens of every application at Adobe; set anyClient: true to accept them',
    )
  }
  if (validate !== 'local' && validate !== 'ims') throw badOption(`validate must be 'local' or 'ims'`)
  const connection = connectionOf(options)
  const published = metadataOf(options, connection)
  const responses = bearerResponses({ realm, scopes, metadata: published?.address })
  const check = validate === 'ims' ? imsCheck(connection, options) : localCheck(connection, options)

  async function verified<T>(
    request: Request,
    found: (claims: TokenClaims, token: string) => T,
  ): Promise<T | Response> {
    requireRequest('the guard', request)
    const bearer = bearerOf(request)
    if (bearer === 'none') return responses.missing()
    if (bearer === 'malformed') return responses.malformed()
    try {
      return found(await check(bearer.token, rules), bearer.token)
    } catch (error) {
      if (error instanceof TokenError) return responses.invalid(error.reason)
      if (error instanceof ConfigurationError || !isImsError(error)) throw error
      return responses.unavailable('retryAfter' in error ? error : {})
    }
  }
  const guard = (request: Request) => verified(request, (claims) => claims)
  const authenticate = (request: Request) =>
    verified(request, (claims, token) => authInfo(token, claims, published?.resource))
  function metadata(request: Request): Response | undefined {
    requireRequest('metadata', request)
    return published?.respond(request)
  }
  return Object.assign(guard, { authenticate, metadata })
}

function metadataOf(options: RequireTokenOptions, { endpoint }: Connection): ResourceMetadata | undefined {
  const { resource, authorizationServers, scopes = [] } = options
  if (resource !== undefined) return resourceMetadata({ resource, authorizationServers, scopes }, endpoint)
  if (authorizationServers === undefined) return undefined
  throw badOption('authorizationServers needs resource, the address of the API that the metadata is about')
}

/** A caller of an API does not wait long, so there is one short retry. */
function connectionOf(options: RequireTokenOptions): Connection {
  const { onEvent, fetch = workerFetch, timeout = 5_000, retry = {} } = options
  const short = { retries: 1, maxRetryAfter: 1_000, ...retry }
  return connect({ ...options, fetch, timeout, retry: short }, createEmitter(onEvent).emit)
}

function localCheck(connection: Connection, { fetch, clock, onEvent }: RequireTokenOptions): Verifier {
  const own = fetch !== undefined || clock !== undefined || onEvent !== undefined
  const create = () => lazyVerifier(connection, mayShareWork())
  if (own) return create()
  const { endpoint, timeout, retry } = connection
  const key = JSON.stringify([endpoint, timeout, retry])
  const verifier = verifiers.get(key) ?? create()
  if (verifiers.size >= mostVerifiers) verifiers.clear()
  verifiers.set(key, verifier)
  return verifier
}

function lazyVerifier(connection: Connection, sharing: boolean): Verifier {
  let verifier: Verifier | undefined
  const load = async () => {
    const { createVerifier } = await loadVerifier()
    verifier ??= createVerifier(connection, { sharing })
    return verifier
  }
  return async (token, options) => (verifier ?? (await load()))(token, options)
}

/** Validates the token at IMS, and checks the rules that IMS does not know. */
function imsCheck(connection: Connection, { cache, clientId }: RequireTokenOptions): Verifier {
  return async (token, options = {}) => {
    const decoded = readClaims(token)
    const validate = () => validateAtIms(async () => connection, token, clientId)
    const result =
      cache === undefined
        ? await validate()
        : await cache.validateWithCache((..._: unknown[]) => validate(), token, clientId, connection.endpoint, 'guard')
    const { imsValidation } = result as Validated
    const claims = decoded ?? (imsValidation.token as TokenClaims | undefined)
    if (!imsValidation.valid || claims === undefined)
      throw new TokenError('TOKEN_INVALID', 'IMS rejected the token; obtain a new one')
    const reason = claimsFault(claims, options, connection.clock.now())
    if (reason !== undefined)
      throw new TokenError('TOKEN_INVALID', 'The token does not fulfil the rules of this guard', { reason })
    return claims
  }
}

/**
 * The claims of a token; `undefined` for an opaque token. A token that two parsers could read differently is rejected.
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
