import * as oauth from 'oauth4webapi'
import { ConfigurationError, TokenError } from '../errors.ts'
import { createEmitter, type Emit } from '../events.ts'
import { requireText, scopeList } from '../flows/credentials.ts'
import { exchangeAssertion } from '../flows/jwt-bearer.ts'
import { type ImsRequest, malformed, parseObject, send } from '../ims/call.ts'
import { claimsOf, expiryOf, getTokenData, type TokenClaims } from '../ims/decode-token.ts'
import { endpoints, type ImsEnv, paths } from '../ims/environment.ts'
import { invalidateAtIms } from '../ims/invalidate-token.ts'
import { clientAuth, oauthClient, tokenExchange } from '../ims/oauth.ts'
import { hideSecrets } from '../redact.ts'
import { type Connection, type ConnectionOptions, callWith, connect } from '../setup.ts'
import { createVerifier, type Verifier, type VerifyTokenOptions } from '../verify/verify-token.ts'
import { resultOfToken, type TokenResult, tokenResult } from './token-result.ts'
import type { ValidationCache, ValidationResult } from './validation-cache.ts'

export const ACCESS_TOKEN = 'access_token'
export const REFRESH_TOKEN = 'refresh_token'
export const AUTHORIZATION_CODE = 'authorization_code'
export const CLIENT_CREDENTIALS = 'client_credentials'
export const CLIENT_ID = 'client_id'
export const CLIENT_SECRET = 'client_secret'
export const SCOPE = 'scope'

export interface ImsOptions extends ConnectionOptions {
  /** Remembers what `validateToken` and `validateTokenAllowList` found. */
  readonly cache?: ValidationCache | undefined
  readonly onEvent?: Emit | undefined
}

/** What IMS answers to a validation. */
export interface ImsValidation {
  readonly valid: boolean
  /** Why not. */
  readonly reason?: string
  readonly token?: Readonly<Record<string, unknown>>
}

interface Validated extends ValidationResult {
  readonly imsValidation: ImsValidation
}

/** A client's name and proof. Public clients have no secret. */
export interface ClientCredential {
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

type Parameters = Readonly<Record<string, unknown>>

const notAllowed =
  'Token is not valid, reason: IMS client is not authorized to call this endpoint. Please use a JWT from an IMS client on the allow list.'

/**
 * The low-level IMS HTTP API. Every method rejects with `ImsResponseError` (`HTTP_ERROR`, `IMS_MALFORMED`) when IMS
 * refuses and with `UnavailableError` (`NETWORK_FAILED`, `TIMEOUT`, `IMS_UNAVAILABLE`) when it cannot be had.
 */
export class Ims {
  readonly env: string
  readonly endpoint: string
  readonly cache?: ValidationCache | undefined
  readonly #call: Connection
  #verifier: Verifier | undefined

  /**
   * @param where `prod` or `stage` (any other name is `prod`, as it was in the old library), or options
   * @param cache remembers validations
   * @throws {ConfigurationError} `BAD_OPTION`
   */
  constructor(where: string | ImsOptions = {}, cache?: ValidationCache) {
    const options: ImsOptions =
      typeof where === 'object' && where !== null ? where : { env: Object.hasOwn(endpoints, where) ? where : 'prod' }
    this.env = options.env ?? (typeof where === 'string' ? where : 'prod')
    this.#call = connect(options, createEmitter(options.onEvent).emit)
    this.endpoint = this.#call.endpoint
    this.cache = cache ?? options.cache
  }

  /** The absolute URL of an API path such as `/ims/profile/v1`. @throws {ConfigurationError} `BAD_OPTION` without `/` */
  getApiUrl = (api: string): string => {
    // anything else could run into the host name and take the token elsewhere
    if (typeof api === 'string' && api.startsWith('/')) return this.endpoint + api
    throw new ConfigurationError('BAD_OPTION', 'an API path must begin with /, such as /ims/profile/v1')
  }

  /** Where a person signs in (`/ims/authorize/v1`). Prefer a client's `login`: this URL has no PKCE. */
  getSusiUrl = (clientId: string, scopes?: string, callbackUrl?: string, state?: string): string => {
    const wanted = {
      response_type: 'code',
      client_id: clientId,
      scope: scopes || undefined,
      redirect_uri: callbackUrl || undefined,
      state,
    }
    return this.#withQuery(paths.authorizeV1, wanted)
  }

  /** Where a person's session at IMS is ended (`/ims/logout/v1`). */
  getLogoutUrl = ({ clientId, redirectUri }: { clientId: string; redirectUri?: string }): string =>
    this.#withQuery(paths.logout, { client_id: clientId, redirect_uri: redirectUri })

  /** `GET` of an API path with the token; `parameters` go into the query. Resolves to the JSON, or the text where it is none. */
  get = async (api: string, token?: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<unknown> =>
    this.#json({ url: this.#withQuery(api, parameters), method: 'GET', headers: bearer(token) }, signal)

  /** `POST` of an API path with the token; `parameters` go urlencoded into the body. */
  post = async (api: string, token?: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<unknown> =>
    this.#json({ url: this.getApiUrl(api), method: 'POST', headers: bearer(token), body: form(parameters) }, signal)

  /**
   * Redeems an authorization code, or a refresh token, told apart by its `type` claim (`POST /ims/token/v1`).
   *
   * @param scopes text, blank- or comma-separated
   * @throws {TokenError} `BAD_TOKEN` for one that cannot be read: use `exchangeAuthorizationCode` or `refreshToken`
   * @throws {ConfigurationError} `UNKNOWN_AUTHCODE_TYPE`
   */
  getAccessToken = async (
    authCode: string,
    clientId: string,
    clientSecret?: string,
    scopes?: string,
  ): Promise<TokenResult> => {
    const { type } = claimsOf(authCode) ?? opaqueCode()
    const grants: Record<string, Parameters> = {
      [AUTHORIZATION_CODE]: { code: authCode },
      [REFRESH_TOKEN]: { refresh_token: authCode },
    }
    const grant = Object.hasOwn(grants, type ?? '') ? grants[type ?? ''] : undefined
    if (grant === undefined) {
      throw new ConfigurationError(
        'UNKNOWN_AUTHCODE_TYPE',
        `a token of type ${JSON.stringify(type)} cannot be traded; give an authorization code or a refresh token`,
      )
    }
    const parameters = { ...grant, scope: scopes || undefined }
    return this.#grant(
      { clientId, clientSecret },
      { grant: type ?? '', path: paths.tokenV1, unit: 'ms', once: type === AUTHORIZATION_CODE, parameters },
    )
  }

  /** A token for the application itself (`POST /ims/token/v2`, RFC 6749 section 4.4). */
  getAccessTokenByClientCredentials = async (
    clientId: string,
    clientSecret: string,
    orgId?: string,
    scopes: string | readonly string[] = [],
  ): Promise<TokenResult> => {
    requireText('getAccessTokenByClientCredentials', { clientId, clientSecret })
    const parameters = { org_id: orgId || undefined, scope: scopeList(scopes).join(',') || undefined }
    return this.#grant({ clientId, clientSecret }, { grant: CLIENT_CREDENTIALS, path: paths.tokenV2, parameters })
  }

  /** Exchanges a signed assertion (`POST /ims/exchange/jwt`). */
  exchangeJwtToken = async (clientId: string, clientSecret: string, signedJwtToken: string): Promise<TokenResult> => {
    requireText('exchangeJwtToken', { clientId, clientSecret, signedJwtToken })
    const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, jwt_token: signedJwtToken })
    const { tokens, answer } = await exchangeAssertion(this.#call, body)
    return tokenResult(tokens, answer)
  }

  /** Redeems an authorization code with its PKCE verifier (`POST /ims/token/v3`, RFC 7636). Sent once only. */
  exchangeAuthorizationCode = async (
    request: ClientCredential & { code: string; codeVerifier?: string; redirectUri?: string; signal?: AbortSignal },
  ): Promise<TokenResult> => {
    const { code, codeVerifier, redirectUri, signal } = request
    requireText('exchangeAuthorizationCode', { code })
    const parameters = { code, code_verifier: codeVerifier, redirect_uri: redirectUri }
    return this.#grant(request, { grant: AUTHORIZATION_CODE, once: true, parameters, signal })
  }

  /** Trades a refresh token for new tokens (`POST /ims/token/v3`, RFC 6749 section 6). */
  refreshToken = async (
    request: ClientCredential & { refreshToken: string; scopes?: readonly string[]; signal?: AbortSignal },
  ): Promise<TokenResult> => {
    const { refreshToken, scopes, signal } = request
    requireText('refreshToken', { refreshToken })
    return this.#grant(request, {
      grant: REFRESH_TOKEN,
      parameters: { refresh_token: refreshToken, scope: scopeList(scopes).join(' ') || undefined },
      signal,
    })
  }

  /** The same person's token for another organization or profile (`POST /ims/token/v3`, grant `cluster_at_exchange`). */
  exchangeToken = async (
    request: ClientCredential & {
      token: string
      orgId?: string
      userId?: string
      scopes?: readonly string[]
      signal?: AbortSignal
    },
  ): Promise<TokenResult> => {
    const { token, orgId, userId, scopes, clientId, signal } = request
    requireText('exchangeToken', { token, clientId })
    if ((orgId === undefined) === (userId === undefined))
      throw new ConfigurationError('BAD_OPTION', 'exchangeToken needs exactly one of orgId and userId')
    const path = `${paths.token}?client_id=${encodeURIComponent(clientId)}`
    const parameters = { user_token: token, user_id: userId, owning_org_id: orgId, scope: scopeList(scopes).join(',') }
    return this.#grant(request, { grant: 'cluster_at_exchange', path, parameters, signal })
  }

  /**
   * Ends a token at IMS (`POST /ims/invalidate_token/v2`); with a refresh token all that came from it. Without client
   * id it is taken from the token.
   *
   * @param type what the token is, where it does not say itself; default `access_token`
   * @returns `''`, or `true` where there is no client to ask as
   */
  invalidateToken = async (
    token: string,
    clientId?: string,
    clientSecret?: string,
    type: string = ACCESS_TOKEN,
  ): Promise<string | true> => {
    requireText('invalidateToken', { token })
    const claims = claimsOf(token)
    const client = clientId ?? claims?.client_id
    if (client === undefined) return true
    return invalidateAtIms(this.#call, {
      token,
      type: claims?.type ?? type,
      clientId: client,
      clientSecret: clientSecret || undefined,
    })
  }

  /** Revokes a token (`POST /ims/revoke`, RFC 7009). A token that IMS does not know counts as revoked. */
  revokeToken = async (
    token: string,
    { clientId, clientSecret }: ClientCredential,
    signal?: AbortSignal,
  ): Promise<void> => {
    requireText('revokeToken', { token, clientId })
    const body = form({ token, client_id: clientId, client_secret: clientSecret || undefined })
    await send(callWith(this.#call, signal), { url: this.getApiUrl(paths.revoke), method: 'POST', body })
  }

  /** Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`), through the cache where there is one. */
  validateToken = async (token: string, clientId?: string): Promise<ImsValidation> =>
    this.#cached('token', token, clientId, () => this.#validate(token, clientId))

  /** As `validateToken`, and whether the token's client is on the list. No list: no check; an empty one refuses all. */
  validateTokenAllowList = async (token: string, allowList?: readonly string[]): Promise<ImsValidation> => {
    // text would match parts of itself
    if (allowList !== undefined && !Array.isArray(allowList))
      throw new ConfigurationError('BAD_OPTION', 'the allow list must be an array of client ids')
    return this.#cached('allow-list', token, allowList, async () => {
      const result = await this.#validate(token, undefined)
      const listed = allowList === undefined || allowList.includes(claimsOf(token)?.client_id ?? '')
      return !result.imsValidation.valid || listed
        ? result
        : { status: 403, imsValidation: { valid: false, reason: notAllowed } }
    })
  }

  /**
   * Checks `token` here: RS256 signature by IMS's published keys, times, type, client and scopes.
   *
   * @throws {TokenError} `TOKEN_INVALID` with a `reason`
   */
  verifyToken = async (token: string, options?: VerifyTokenOptions): Promise<TokenClaims> => {
    this.#verifier ??= createVerifier(this.#call)
    return this.#verifier(token, options)
  }

  /** The organizations of the token's owner (`GET /ims/organizations/v6`). */
  getOrganizations = async (token: string): Promise<unknown> => this.get(paths.organizations, token)

  /** The profile of the token's owner (`GET /ims/profile/v1`). */
  getProfile = async (token: string, parameters: Parameters = {}): Promise<unknown> =>
    this.get(paths.profile, token, parameters)

  /** The OpenID claims of the token's owner (`GET /ims/userinfo/v2`). */
  getUserInfo = async (token: string): Promise<unknown> => this.get(paths.userinfo, token)

  /** IMS's published keys (`GET /ims/keys`, RFC 7517). */
  getKeys = async (): Promise<unknown> => this.get(paths.keys)

  /** IMS's metadata (`GET /ims/.well-known/openid-configuration`). */
  getOpenIdConfiguration = async (): Promise<unknown> => this.get(paths.openidConfiguration)

  /** `token` as a token result; its expiry comes from its claims. */
  toTokenResult = async (token: string): Promise<TokenResult> => resultOfToken(token)

  /**
   * The IMS that issued `token`, by its `as` claim.
   *
   * @throws {ConfigurationError} `CANNOT_RESOLVE_ENVIRONMENT`
   */
  static async fromToken(token: string): Promise<{ token: string; ims: Ims }> {
    const { as } = getTokenData(token)
    // the claim is unverified: it may choose among Adobe's own hosts only
    if (typeof as !== 'string' || !/^ims-[a-z]{2}\d(?:-stg\d)?$/.test(as)) {
      throw new ConfigurationError(
        'CANNOT_RESOLVE_ENVIRONMENT',
        'the token names no IMS environment; construct Ims with env or endpoint',
      )
    }
    const endpoint = `https://${as}.adobelogin.com`
    const env = (Object.keys(endpoints) as ImsEnv[]).find((name) => endpoints[name] === endpoint)
    return hideSecrets({ token, ims: new Ims(env ?? { endpoint }) })
  }

  #withQuery(api: string, parameters: Parameters): string {
    const url = new URL(this.getApiUrl(api))
    for (const [name, value] of form(parameters)) url.searchParams.set(name, value)
    return url.toString()
  }

  async #json(request: ImsRequest, signal?: AbortSignal): Promise<unknown> {
    const { text } = await send(callWith(this.#call, signal), request)
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }

  async #grant(
    { clientId, clientSecret }: ClientCredential,
    request: {
      grant: string
      path?: string
      unit?: 's' | 'ms'
      once?: boolean
      parameters: Parameters
      signal?: AbortSignal | undefined
    },
  ): Promise<TokenResult> {
    const { grant, parameters, signal, ...exchange } = request
    requireText(grant, { clientId })
    const call = callWith(this.#call, signal)
    const client = oauthClient(call, clientId)
    const { tokens, body } = await tokenExchange(call, {
      ...exchange,
      ask: (as, options) =>
        oauth.genericTokenEndpointRequest(
          as,
          client,
          clientAuth(clientSecret || undefined),
          grant,
          form(parameters),
          options,
        ),
      read: (as, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
    })
    return tokenResult(tokens, body ?? {})
  }

  async #validate(token: string, clientId: string | undefined): Promise<Validated> {
    const claims = claimsOf(token)
    const client = clientId ?? claims?.client_id
    if (client === undefined || !sendable.test(token))
      return { status: 401, imsValidation: { valid: false, reason: 'bad payload' } }
    const body = form({ type: claims?.type ?? ACCESS_TOKEN, client_id: client })
    const request = { url: this.getApiUrl(paths.validateToken), method: 'POST', headers: bearer(token), body }
    const answer = await send(this.#call, request)
    const said = parseObject(answer.text)
    const valid = said?.valid
    // no verdict is no reason to refuse a token, least of all for as long as a cache remembers it
    if (typeof valid !== 'boolean')
      throw malformed(request, answer, 'the answer does not say whether the token is valid')
    return { status: valid ? 200 : 401, imsValidation: { ...said, valid }, expiresAt: expiryOf(claims) }
  }

  /** The kind of question is part of the key: a client id and a list of one are different questions. */
  async #cached(kind: string, token: string, about: unknown, ask: () => Promise<Validated>): Promise<ImsValidation> {
    if (this.cache === undefined) return (await ask()).imsValidation
    const found = await this.cache.validateWithCache(
      (..._key: unknown[]) => ask(),
      kind,
      this.endpoint,
      token,
      about ?? null,
    )
    // a copy: what one caller does to it must not reach the next
    const { token: facts, ...rest } = found.imsValidation
    return { ...rest, ...(facts !== undefined && { token: { ...facts } }) }
  }
}

// what a header can carry (RFC 6750, section 2.1, and then some)
const sendable = /^[\x21-\x7e]+$/

function bearer(token: string | undefined): Record<string, string> {
  if (!token) return {}
  if (typeof token === 'string' && sendable.test(token)) return { authorization: `Bearer ${token}` }
  throw new TokenError('BAD_TOKEN', 'the token cannot be sent: it is not text, or has blanks or line breaks in it')
}

function opaqueCode(): never {
  throw new TokenError(
    'BAD_TOKEN',
    'what is to be traded is opaque and does not say what it is; use exchangeAuthorizationCode or refreshToken',
  )
}

/** Parameters that have a value; what is undefined is not sent, least of all as the word. */
function form(parameters: Parameters): URLSearchParams {
  const defined = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null)
  return new URLSearchParams(defined.map(([name, value]) => [name, String(value)]))
}
