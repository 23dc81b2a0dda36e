import type { Call } from '../ims/call.ts'
import type { TokenClaims } from '../ims/decode-token.ts'
import { authorizeV1Parameters, authorizeV1Path } from '../ims/endpoints/authorize.ts'
import { discoveryPath } from '../ims/endpoints/discovery.ts'
import { keysPath } from '../ims/endpoints/keys.ts'
import { logoutParameters, logoutPath } from '../ims/endpoints/logout.ts'
import { organizationsPath } from '../ims/endpoints/organizations.ts'
import { profilePath } from '../ims/endpoints/profile.ts'
import { userinfoPath } from '../ims/endpoints/userinfo.ts'
import { type RequestParameters, withQuery } from '../ims/request-parameters.ts'
import { lazy } from '../lazy.ts'
import { checkOptions } from '../options.ts'
import type { VerifyTokenOptions } from '../verify/verify-token.ts'
import { imsOfToken } from './endpoint-of-token.ts'
import { ImsConnection, type ImsSetting } from './ims-connection.ts'
import { type ImsOptions, imsOptions } from './ims-options.ts'
import { ImsUsers } from './ims-users.ts'
import type { PromiseExchange, PromiseExchangeRequest, PromiseToken, PromiseTokenRequest } from './promise-grants.ts'
import type { ClientCredential } from './request-token.ts'
import type { AuthorizationCodeRequest, ExchangeTokenRequest, RefreshTokenRequest } from './token-grants.ts'
import { resultOfToken, type TokenResult } from './token-result.ts'
import type { Untyped } from './untyped.ts'
import { type ImsValidation, type Validated, validateCached, validateListed } from './validation.ts'
import type { ValidationCache, ValidationCacheLike } from './validation-cache.ts'

const rawRequests = /* @__PURE__ */ lazy(() => import('./raw-requests.ts'))
const tokenGrants = /* @__PURE__ */ lazy(() => import('./token-grants.ts'))
const promiseGrants = /* @__PURE__ */ lazy(() => import('./promise-grants.ts'))
const validation = /* @__PURE__ */ lazy(() => import('./validate-at-ims.ts'))
const invalidation = /* @__PURE__ */ lazy(() => import('./invalidate-token.ts'))

/**
 * The low-level IMS HTTP API. Every method rejects with `ImsResponseError` if IMS refuses, with `UnavailableError` if IMS
 * cannot be reached, and with the reason of its `signal` if that aborts. A subclass or a test can replace methods; all
 * use `getApiUrl`. Results that `@adobe/aio-lib-ims` declares as `any` are `any` here.
 *
 * @example const { valid } = await new Ims('stage').validateToken(token)
 */
export class Ims extends ImsUsers {
  env: string
  /** Base URL of IMS; may be replaced. */
  endpoint: string
  // declared as in @adobe/aio-lib-ims; absent without a cache
  declare cache: ValidationCache
  readonly #connection: ImsConnection

  /** @param where `prod` or `stage` (any other name is `prod`, as in `@adobe/aio-lib-ims`), or options */
  constructor(where: string | ImsOptions = {}, cache?: ValidationCacheLike | null, setting?: ImsSetting | null) {
    super()
    const options = imsOptions(where)
    this.env = options.env ?? 'prod'
    this.#connection = new ImsConnection(options, setting ?? {})
    this.endpoint = this.#connection.endpoint
    if (cache ?? options.cache) this.cache = (cache ?? options.cache) as ValidationCache
  }

  /** The absolute URL of an API path such as `/ims/profile/v1`. @throws {ConfigurationError} `BAD_OPTION` without `/` */
  getApiUrl(api: string): string {
    return this.#connection.urlAt(this.endpoint, api)
  }

  /** The address at which a user signs in (`/ims/authorize/v1`). Prefer a client's `login`: this URL has no PKCE. */
  getSusiUrl(clientId: string, scopes?: string, callbackUrl?: string, state?: string): string {
    const request = { clientId, scopes, redirectUri: callbackUrl, state }
    return withQuery(this.getApiUrl(authorizeV1Path), authorizeV1Parameters(request))
  }

  /** The address that signs a user out at IMS (`/ims/logout/v1`). */
  getLogoutUrl(request: { clientId: string; redirectUri?: string }): string {
    checkOptions('getLogoutUrl', request)
    return withQuery(this.getApiUrl(logoutPath), logoutParameters(request))
  }

  /** `GET` of an API path with the token; `parameters` go into the query. Resolves to the JSON, or to the text if it is not JSON. */
  async get(api: string, token?: string, parameters: RequestParameters = {}, signal?: AbortSignal): Promise<Untyped> {
    return (await rawRequests()).getJson(await this.#open(signal), api, { token, parameters })
  }

  /** `POST` of an API path with the token. `parameters` are sent urlencoded, or as the `FormData` that they are. */
  async post(api: string, token?: string, parameters: RequestParameters = {}, signal?: AbortSignal): Promise<Untyped> {
    return (await rawRequests()).postJson(await this.#open(signal), api, { token, parameters })
  }

  /**
   * Redeems an authorization code or a refresh token; its `type` claim says which it is (`POST /ims/token/v1`).
   * @param scopes text, blank- or comma-separated
   * @throws {TokenError} `BAD_TOKEN` if it is opaque: use `exchangeAuthorizationCode` or `refreshToken`
   * @throws {ConfigurationError} `UNKNOWN_AUTHCODE_TYPE`
   */
  async getAccessToken(
    authCode: string,
    clientId: string,
    clientSecret?: string,
    scopes?: string,
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { redeemByType } = await tokenGrants()
    return redeemByType(await this.#open(signal), { code: authCode, clientId, clientSecret, scopes })
  }

  /** A token for the application itself (`POST /ims/token/v2`, RFC 6749 section 4.4). */
  async getAccessTokenByClientCredentials(
    clientId: string,
    clientSecret: string,
    orgId?: string,
    scopes: string | readonly string[] = [],
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { clientCredentialsToken } = await tokenGrants()
    return clientCredentialsToken(await this.#open(signal), { clientId, clientSecret, orgId, scopes })
  }

  /** Exchanges a signed assertion (`POST /ims/exchange/jwt`). */
  async exchangeJwtToken(
    clientId: string,
    clientSecret: string,
    signedJwtToken: string,
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { jwtToken } = await tokenGrants()
    return jwtToken(await this.#open(signal), { clientId, clientSecret, signedJwtToken })
  }

  /** Redeems an authorization code with its PKCE verifier (`POST /ims/token/v3`, RFC 7636). Sent once only. */
  async exchangeAuthorizationCode(request: AuthorizationCodeRequest): Promise<TokenResult> {
    return (await tokenGrants()).redeemCodeWithVerifier(await this.#open(request?.signal), request)
  }

  /**
   * Redeems a refresh token for new tokens (`POST /ims/token/v3`, RFC 6749 section 6). Sends at once, without the lock and
   * the renewal note of a client: the caller makes sure that the token is redeemed once and that its successor is stored.
   */
  async refreshToken(request: RefreshTokenRequest): Promise<TokenResult> {
    return (await tokenGrants()).redeemRefreshToken(await this.#open(request?.signal), request)
  }

  /** A token of the same user in another organization or profile (`POST /ims/token/v3`, grant `cluster_at_exchange`). */
  async exchangeToken(request: ExchangeTokenRequest): Promise<TokenResult> {
    return (await tokenGrants()).tokenOfCluster(await this.#open(request?.signal), request)
  }

  /**
   * Exchanges the access token of a user for a promise token (`POST /ims/token/v4`, grant `promise`), with which another
   * client obtains access tokens for that user later. Rejects with `BAD_OPTION` for missing or unknown options.
   */
  async getPromiseToken(request: PromiseTokenRequest): Promise<PromiseToken> {
    return (await promiseGrants()).getPromiseToken(await this.#open(request?.signal), request)
  }

  /**
   * Redeems a promise token for a short-lived access token of its user (`POST /ims/token/v4`, grant `promise_exchange`).
   * A promise token is valid once: the request is never repeated, and the result has the next one. Rejects with
   * `BAD_OPTION` for missing or unknown options, and with `HTTP_ERROR` (status 401) if the promise is used or expired.
   */
  async exchangePromiseToken(request: PromiseExchangeRequest): Promise<PromiseExchange> {
    return (await promiseGrants()).exchangePromiseToken(await this.#open(request?.signal), request)
  }

  /**
   * Invalidates a token (`POST /ims/invalidate_token/v2`; without a secret or in a browser app `POST /ims/revoke`); with
   * a refresh token also the tokens issued for it. The default client ID is that of the token.
   * @param type the type of a token that does not name it in its claims; default `access_token`
   * @returns `''`, or `true` without a request if no client ID is known
   */
  async invalidateToken(
    token: string,
    clientId?: string,
    clientSecret?: string,
    type = 'access_token',
    signal?: AbortSignal,
  ): Promise<Untyped> {
    const { invalidateTokenOf } = await invalidation()
    return invalidateTokenOf(() => this.#open(signal), token, { clientId, clientSecret, type })
  }

  /** Revokes a token (`POST /ims/revoke`, RFC 7009). A token that IMS does not know counts as revoked. */
  async revokeToken(token: string, client: ClientCredential, signal?: AbortSignal): Promise<void> {
    await (await invalidation()).revokeTokenOf(() => this.#open(signal), token, client)
  }

  /**
   * Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`), or takes the result from the cache. Text that
   * cannot be a token is not sent. A token that IMS refuses is invalid, with the refusal as `reason`.
   */
  async validateToken(token: string, clientId?: string, signal?: AbortSignal): Promise<ImsValidation> {
    return validateCached(this, token, { clientId, signal })
  }

  /** Like `validateToken`, but only clients on the list are valid. Without a list all are; on an empty one none is. */
  async validateTokenAllowList(token: string, allowList?: readonly string[], signal?: AbortSignal): Promise<Untyped> {
    return validateListed(this, token, { allowList, signal })
  }

  /** Like `validateToken`, without the cache. @returns `status` (below 400: valid) and `imsValidation`, the result */
  async _validateToken(token: string, clientId?: string, signal?: AbortSignal): Promise<Validated> {
    return (await validation()).validateAtIms(() => this.#open(signal), token, clientId)
  }

  /** Verifies `token` locally, by IMS's published keys. @throws {TokenError} `TOKEN_INVALID` with a `reason` */
  async verifyToken(token: string, options?: VerifyTokenOptions & { signal?: AbortSignal }): Promise<TokenClaims> {
    return this.#connection.verify(this, token, options)
  }

  /** The organizations of the token's user (`GET /ims/organizations/v6`). */
  async getOrganizations(token: string, signal?: AbortSignal): Promise<Untyped> {
    return this.get(organizationsPath, token, {}, signal)
  }

  /** The profile of the token's user (`GET /ims/profile/v1`). */
  async getProfile(token: string, parameters: RequestParameters = {}, signal?: AbortSignal): Promise<unknown> {
    return this.get(profilePath, token, parameters, signal)
  }

  /** The OpenID claims of the token's user (`GET /ims/userinfo/v2`). */
  async getUserInfo(token: string, signal?: AbortSignal): Promise<unknown> {
    return this.get(userinfoPath, token, {}, signal)
  }

  /** IMS's published keys (`GET /ims/keys`, RFC 7517). */
  async getKeys(signal?: AbortSignal): Promise<unknown> {
    return this.get(keysPath, undefined, {}, signal)
  }

  /** IMS's metadata (`GET /ims/.well-known/openid-configuration`). */
  async getOpenIdConfiguration(signal?: AbortSignal): Promise<unknown> {
    return this.get(discoveryPath, undefined, {}, signal)
  }

  /** A token obtained elsewhere as a token result; its expiry comes from its claims. */
  async toTokenResult(token: string): Promise<Untyped> {
    return resultOfToken(token)
  }

  /**
   * `token` and the IMS that issued it, by its `as` claim. A configured `endpoint` is used instead.
   * @throws {ConfigurationError} `CANNOT_RESOLVE_ENVIRONMENT`
   */
  static async fromToken(token: string, options: ImsOptions = {}): Promise<Untyped> {
    return imsOfToken(Ims, token, options)
  }

  #open(signal?: AbortSignal): Promise<Call> {
    return this.#connection.open(this, signal)
  }
}
