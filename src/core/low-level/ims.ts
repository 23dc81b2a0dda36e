import { untilAborted } from '../async.ts'
import { ConfigurationError } from '../errors.ts'
import { requireText } from '../flows/credentials.ts'
import { type Call, type ImsRequest, urlOf } from '../ims/call.ts'
import { claimsOf, type TokenClaims } from '../ims/decode-token.ts'
import { paths } from '../ims/paths.ts'
import { bearer, form, type Parameters, withQuery } from '../ims/request-parameters.ts'
import { lazy } from '../lazy.ts'
import { resultOfToken, type TokenResult } from '../low-level/token-result.ts'
import { checkCall, checkOptions } from '../options.ts'
import { withoutTrailing } from '../text.ts'
import type { VerifyTokenOptions } from '../verify/verify-token.ts'
import { imsOfToken } from './endpoint-of-token.ts'
import type { ExchangeTokenRequest } from './exchange-token.ts'
import { ImsConnection, type ImsSetting } from './ims-connection.ts'
import { type ImsOptions, imsOptions } from './ims-options.ts'
import { ACCESS_TOKEN } from './parameter-names.ts'
import type { PromiseExchange, PromiseExchangeRequest, PromiseToken, PromiseTokenRequest } from './promise-grants.ts'
import type { ClientCredential } from './request-token.ts'
import type { AuthorizationCodeRequest, RefreshTokenRequest } from './token-grants.ts'
import type { Untyped } from './untyped.ts'
import { checkAllowList, type ImsValidation, requireAllowList, throughCache, type Validated } from './validation.ts'
import type { ValidationCache, ValidationCacheLike } from './validation-cache.ts'

export type { ExchangeTokenRequest } from './exchange-token.ts'
export type { ImsOptions } from './ims-options.ts'
export * from './parameter-names.ts'
export type { PromiseExchange, PromiseExchangeRequest, PromiseToken, PromiseTokenRequest } from './promise-grants.ts'
export type { ClientCredential } from './request-token.ts'
export type { AuthorizationCodeRequest, RefreshTokenRequest } from './token-grants.ts'
export type { ImsValidation } from './validation.ts'

const loadWire = /* @__PURE__ */ lazy(() => import('./wire.ts'))
const loadPromises = /* @__PURE__ */ lazy(() => import('./promise-grants.ts'))

/**
 * The low-level IMS HTTP API. Every method rejects with `ImsResponseError` if IMS refuses, with `UnavailableError` if IMS
 * cannot be reached, and with the reason of its `signal` if that aborts. A subclass or a test can replace methods; all
 * use `getApiUrl`. Results that `@adobe/aio-lib-ims` declares as `any` are `any` here.
 */
export class Ims {
  env: string
  /** Base URL of IMS; may be replaced. */
  endpoint: string
  // declared as in @adobe/aio-lib-ims; without one it is not there
  declare cache: ValidationCache
  readonly #connection: ImsConnection

  /** @param where `prod` or `stage` (any other name is `prod`, as in `@adobe/aio-lib-ims`), or options */
  constructor(where: string | ImsOptions = {}, cache?: ValidationCacheLike | null, setting?: ImsSetting | null) {
    const options = imsOptions(where)
    this.env = options.env ?? 'prod'
    this.#connection = new ImsConnection(options, setting ?? {})
    this.endpoint = this.#connection.endpoint
    const remembered = cache ?? options.cache
    if (remembered) this.cache = remembered as ValidationCache
  }

  /** The absolute URL of an API path such as `/ims/profile/v1`. @throws {ConfigurationError} `BAD_OPTION` without `/` */
  getApiUrl(api: string): string {
    this.#connection.admit(this.endpoint)
    // anything else could run into the host name and take the token elsewhere
    if (typeof api === 'string' && api.startsWith('/')) return withoutTrailing(String(this.endpoint), '/') + api
    throw new ConfigurationError('BAD_OPTION', 'an API path must begin with /, such as /ims/profile/v1')
  }

  /** The address at which a user signs in (`/ims/authorize/v1`). Prefer a client's `login`: this URL has no PKCE. */
  getSusiUrl(clientId: string, scopes?: string, callbackUrl?: string, state?: string): string {
    return withQuery(this.getApiUrl(paths.authorizeV1), {
      response_type: 'code',
      client_id: clientId,
      scope: scopes || undefined,
      redirect_uri: callbackUrl || undefined,
      state,
    })
  }

  /** The address that ends a user's session at IMS (`/ims/logout/v1`). */
  getLogoutUrl(request: { clientId: string; redirectUri?: string }): string {
    checkOptions('getLogoutUrl', request)
    const parameters = { client_id: request.clientId, redirect_uri: request.redirectUri }
    return withQuery(this.getApiUrl(paths.logout), parameters)
  }

  /** `GET` of an API path with the token; `parameters` go into the query. Resolves to the JSON, or to the text if it is none. */
  async get(api: string, token?: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<Untyped> {
    const send = (url: string) => ({ url: withQuery(url, parameters), method: 'GET', headers: bearer(token) })
    return this.#json(api, send, signal)
  }

  /**
   * `POST` of an API path with the token. `parameters` are sent urlencoded; a `FormData`, also one of the package
   * `form-data`, is sent as it is.
   */
  async post(api: string, token?: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<Untyped> {
    const { bodyOf } = await loadWire()
    const body = await bodyOf(parameters)
    return this.#json(api, (url) => ({ url, method: 'POST', headers: bearer(token), body }), signal)
  }

  /**
   * Redeems an authorization code, or a refresh token, told apart by its `type` claim (`POST /ims/token/v1`).
   *
   * @param scopes text, blank- or comma-separated
   * @throws {TokenError} `BAD_TOKEN` for one that cannot be read: use `exchangeAuthorizationCode` or `refreshToken`
   * @throws {ConfigurationError} `UNKNOWN_AUTHCODE_TYPE`
   */
  async getAccessToken(
    authCode: string,
    clientId: string,
    clientSecret?: string,
    scopes?: string,
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { redeemCode } = await loadWire()
    return redeemCode(await this.#open(signal), { code: authCode, clientId, clientSecret, scopes })
  }

  /** A token for the application itself (`POST /ims/token/v2`, RFC 6749 section 4.4). */
  async getAccessTokenByClientCredentials(
    clientId: string,
    clientSecret: string,
    orgId?: string,
    scopes: string | readonly string[] = [],
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { clientCredentialsToken } = await loadWire()
    return clientCredentialsToken(await this.#open(signal), { clientId, clientSecret, orgId, scopes })
  }

  /** Exchanges a signed assertion (`POST /ims/exchange/jwt`). */
  async exchangeJwtToken(
    clientId: string,
    clientSecret: string,
    signedJwtToken: string,
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { exchangeJwt } = await loadWire()
    return exchangeJwt(await this.#open(signal), { clientId, clientSecret, signedJwtToken })
  }

  /** Redeems an authorization code with its PKCE verifier (`POST /ims/token/v3`, RFC 7636). Sent once only. */
  async exchangeAuthorizationCode(request: AuthorizationCodeRequest): Promise<TokenResult> {
    return (await loadWire()).exchangeAuthorizationCode(await this.#open(request?.signal), request)
  }

  /** Trades a refresh token for new tokens (`POST /ims/token/v3`, RFC 6749 section 6). */
  async refreshToken(request: RefreshTokenRequest): Promise<TokenResult> {
    return (await loadWire()).refreshToken(await this.#open(request?.signal), request)
  }

  /** The same person's token for another organization or profile (`POST /ims/token/v3`, grant `cluster_at_exchange`). */
  async exchangeToken(request: ExchangeTokenRequest): Promise<TokenResult> {
    return (await loadWire()).exchangeToken(await this.#open(request?.signal), request)
  }

  /**
   * Trades the access token of a user for a promise token (`POST /ims/token/v4`, grant `promise`), with which another
   * client gets access tokens for that user later. Rejects with `BAD_OPTION` for missing or unknown options.
   *
   * @returns the promise token; `expiresAt` is in ms since the epoch
   */
  async getPromiseToken(request: PromiseTokenRequest): Promise<PromiseToken> {
    return (await loadPromises()).getPromiseToken(await this.#open(request?.signal), request)
  }

  /**
   * Redeems a promise token for a short-lived access token of its user (`POST /ims/token/v4`, grant `promise_exchange`).
   * A promise token works once: the request is never repeated, and the result has the next one. Rejects with
   * `BAD_OPTION` for missing or unknown options, and with `HTTP_ERROR` (status 401) if the promise is used or expired.
   */
  async exchangePromiseToken(request: PromiseExchangeRequest): Promise<PromiseExchange> {
    return (await loadPromises()).exchangePromiseToken(await this.#open(request?.signal), request)
  }

  /**
   * Ends a token at IMS (`POST /ims/invalidate_token/v2`; without a secret or in a page `POST /ims/revoke`); with a
   * refresh token all that came from it. Without client id it is taken from the token.
   *
   * @param type what the token is, where it does not say itself; default `access_token`
   * @returns `''`, or `true` where there is no client to ask as
   */
  async invalidateToken(
    token: string,
    clientId?: string,
    clientSecret?: string,
    type: string = ACCESS_TOKEN,
    signal?: AbortSignal,
  ): Promise<Untyped> {
    requireText('invalidateToken', { token })
    const claims = claimsOf(token)
    const client = clientId ?? claims?.client_id
    if (client === undefined) return true
    const { invalidateAtIms } = await loadWire()
    return invalidateAtIms(await this.#open(signal), {
      token,
      type: claims?.type ?? type,
      clientId: client,
      clientSecret: clientSecret || undefined,
    })
  }

  /** Revokes a token (`POST /ims/revoke`, RFC 7009). A token that IMS does not know counts as revoked. */
  async revokeToken(token: string, client: ClientCredential, signal?: AbortSignal): Promise<void> {
    checkOptions('revokeToken', client)
    checkCall('revokeToken', { signal })
    requireText('revokeToken', { token, clientId: client.clientId })
    const body = form({ token, client_id: client.clientId, client_secret: client.clientSecret || undefined })
    await this.#json(paths.revoke, (url) => ({ url, method: 'POST', body }), signal)
  }

  /**
   * Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`), through the cache if there is one. Text that
   * cannot be a token is not sent. A token that IMS refuses is invalid, with the refusal as `reason`.
   */
  async validateToken(token: string, clientId?: string, signal?: AbortSignal): Promise<ImsValidation> {
    return throughCache(this.cache, {
      question: [token, clientId, this.endpoint, 'token'],
      ask: (signal) => this._validateToken(token, clientId, signal),
      signal,
    })
  }

  /** As `validateToken`, and whether the token's client is on the list. No list: no check; an empty one refuses all. */
  async validateTokenAllowList(token: string, allowList?: readonly string[], signal?: AbortSignal): Promise<Untyped> {
    requireAllowList(allowList)
    return throughCache(this.cache, {
      question: [token, allowList, this.endpoint, 'allow-list'],
      ask: async (signal) => checkAllowList(await this._validateToken(token, undefined, signal), token, allowList),
      signal,
    })
  }

  /** As `validateToken`, without the cache. @returns `status` (below 400: valid) and `imsValidation`, the result */
  async _validateToken(token: string, clientId?: string, signal?: AbortSignal): Promise<Validated> {
    const { validateAtIms } = await loadWire()
    return validateAtIms(() => this.#open(signal), token, clientId)
  }

  /**
   * Checks `token` here: RS256 signature by IMS's published keys, times, type, client and scopes.
   * @throws {TokenError} `TOKEN_INVALID` with a `reason`
   */
  async verifyToken(token: string, options?: VerifyTokenOptions & { signal?: AbortSignal }): Promise<TokenClaims> {
    const verify = this.#connection.verifierOf(this) ?? (await this.#connection.makeVerifier(this))
    if (options?.signal === undefined) return verify(token, options)
    const { signal, ...asked } = options
    checkCall('verifyToken', { signal })
    return untilAborted(verify(token, asked), signal)
  }

  /** The organizations of the token's owner (`GET /ims/organizations/v6`). */
  async getOrganizations(token: string, signal?: AbortSignal): Promise<Untyped> {
    return this.get(paths.organizations, token, {}, signal)
  }

  /** The profile of the token's owner (`GET /ims/profile/v1`). */
  async getProfile(token: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<unknown> {
    return this.get(paths.profile, token, parameters, signal)
  }

  /** The OpenID claims of the token's owner (`GET /ims/userinfo/v2`). */
  async getUserInfo(token: string, signal?: AbortSignal): Promise<unknown> {
    return this.get(paths.userinfo, token, {}, signal)
  }

  /** IMS's published keys (`GET /ims/keys`, RFC 7517). */
  async getKeys(signal?: AbortSignal): Promise<unknown> {
    return this.get(paths.keys, undefined, {}, signal)
  }

  /** IMS's metadata (`GET /ims/.well-known/openid-configuration`). */
  async getOpenIdConfiguration(signal?: AbortSignal): Promise<unknown> {
    return this.get(paths.openidConfiguration, undefined, {}, signal)
  }

  /** `token` as a token result. */
  async toTokenResult(token: string): Promise<Untyped> {
    return resultOfToken(token)
  }

  /**
   * The IMS that issued `token`, by its `as` claim, and the token. An `endpoint` of the options or the configuration
   * is used instead.
   * @throws {ConfigurationError} `CANNOT_RESOLVE_ENVIRONMENT`
   */
  static async fromToken(token: string, options: ImsOptions = {}): Promise<Untyped> {
    return imsOfToken(Ims, token, options)
  }

  async #json(api: string, request: (url: string) => ImsRequest, signal?: AbortSignal): Promise<Untyped> {
    const { sendForJson } = await loadWire()
    const call = await this.#open(signal)
    return sendForJson(call, request(urlOf(call, api)))
  }

  #open(signal?: AbortSignal): Promise<Call> {
    return this.#connection.open(this, signal)
  }
}
