import { ConfigurationError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import { requireText, scopeList } from '../flows/credentials.ts'
import type { ImsRequest } from '../ims/call.ts'
import { claimsOf, type TokenClaims } from '../ims/decode-token.ts'
import { paths } from '../ims/paths.ts'
import { late } from '../late.ts'
import { checkCall, checkOptions } from '../options.ts'
import { hideSecrets } from '../redact.ts'
import { type Connection, callWith, connect } from '../setup.ts'
import type { Verifier, VerifyTokenOptions } from '../verify/verify-token.ts'
import { endpointOfToken } from './endpoint-of-token.ts'
import { grantOfCode } from './grant-of-code.ts'
import { type ImsOptions, imsOptions } from './ims-options.ts'
import { ACCESS_TOKEN, AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN } from './parameter-names.ts'
import { bearer, form, type Parameters, withQuery } from './request-parameters.ts'
import type { ClientCredential } from './request-token.ts'
import { resultOfToken, type TokenResult, tokenResult } from './token-result.ts'
import { checkAllowList, copyOf, type ImsValidation, requireAllowList, type Validated } from './validation.ts'
import type { ValidationCache } from './validation-cache.ts'

export type { ImsOptions } from './ims-options.ts'
export * from './parameter-names.ts'
export type { ClientCredential } from './request-token.ts'
export type { ImsValidation } from './validation.ts'

const loadWire = /* @__PURE__ */ late(() => import('./wire.ts'))
const loadVerifier = /* @__PURE__ */ late(() => import('../verify/verify-token.ts'))

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
  readonly #sharing: boolean

  /**
   * @param where `prod` or `stage` (any other name is `prod`, as it was in the old library), or options
   * @param cache remembers validations
   * @param sharing whether concurrent calls of `verifyToken` wait for one request for the keys
   * @throws {ConfigurationError} `BAD_OPTION`
   */
  constructor(where: string | ImsOptions = {}, cache?: ValidationCache, sharing = true) {
    this.#sharing = sharing
    const options = imsOptions(where)
    this.env = options.env ?? 'prod'
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
  getSusiUrl = (clientId: string, scopes?: string, callbackUrl?: string, state?: string): string =>
    withQuery(this.getApiUrl(paths.authorizeV1), {
      response_type: 'code',
      client_id: clientId,
      scope: scopes || undefined,
      redirect_uri: callbackUrl || undefined,
      state,
    })

  /** Where a person's session at IMS is ended (`/ims/logout/v1`). */
  getLogoutUrl = (request: { clientId: string; redirectUri?: string }): string => {
    checkOptions('getLogoutUrl', request)
    const parameters = { client_id: request.clientId, redirect_uri: request.redirectUri }
    return withQuery(this.getApiUrl(paths.logout), parameters)
  }

  /** `GET` of an API path with the token; `parameters` go into the query. Resolves to the JSON, or the text where it is none. */
  get = async (api: string, token?: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<unknown> =>
    this.#json({ url: withQuery(this.getApiUrl(api), parameters), method: 'GET', headers: bearer(token) }, signal)

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
    const { grant, parameters } = grantOfCode(authCode)
    const { requestToken } = await loadWire()
    return requestToken(
      this.#call,
      { clientId, clientSecret },
      {
        grant,
        path: paths.tokenV1,
        unit: 'ms',
        once: grant === AUTHORIZATION_CODE,
        parameters: { ...parameters, scope: scopes || undefined },
      },
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
    const { requestToken } = await loadWire()
    return requestToken(
      this.#call,
      { clientId, clientSecret },
      { grant: CLIENT_CREDENTIALS, path: paths.tokenV2, parameters },
    )
  }

  /** Exchanges a signed assertion (`POST /ims/exchange/jwt`). */
  exchangeJwtToken = async (clientId: string, clientSecret: string, signedJwtToken: string): Promise<TokenResult> => {
    requireText('exchangeJwtToken', { clientId, clientSecret, signedJwtToken })
    const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, jwt_token: signedJwtToken })
    const { exchangeAssertion } = await loadWire()
    const { tokens, answer } = await exchangeAssertion(this.#call, body)
    return tokenResult(tokens, answer)
  }

  /** Redeems an authorization code with its PKCE verifier (`POST /ims/token/v3`, RFC 7636). Sent once only. */
  exchangeAuthorizationCode = async (
    request: ClientCredential & { code: string; codeVerifier?: string; redirectUri?: string; signal?: AbortSignal },
  ): Promise<TokenResult> => {
    checkOptions('exchangeAuthorizationCode', request)
    const { code, codeVerifier, redirectUri, signal } = request
    requireText('exchangeAuthorizationCode', { code })
    const parameters = { code, code_verifier: codeVerifier, redirect_uri: redirectUri }
    const { requestToken } = await loadWire()
    return requestToken(this.#call, request, { grant: AUTHORIZATION_CODE, once: true, parameters, signal })
  }

  /** Trades a refresh token for new tokens (`POST /ims/token/v3`, RFC 6749 section 6). */
  refreshToken = async (
    request: ClientCredential & { refreshToken: string; scopes?: readonly string[]; signal?: AbortSignal },
  ): Promise<TokenResult> => {
    checkOptions('refreshToken', request)
    const { refreshToken, scopes, signal } = request
    requireText('refreshToken', { refreshToken })
    const { requestToken } = await loadWire()
    return requestToken(this.#call, request, {
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
    checkOptions('exchangeToken', request)
    const { token, orgId, userId, scopes, clientId, signal } = request
    requireText('exchangeToken', { token, clientId })
    if ((orgId === undefined) === (userId === undefined))
      throw new ConfigurationError('BAD_OPTION', 'exchangeToken needs exactly one of orgId and userId')
    const path = `${paths.token}?client_id=${encodeURIComponent(clientId)}`
    const parameters = { user_token: token, user_id: userId, owning_org_id: orgId, scope: scopeList(scopes).join(',') }
    const { requestToken } = await loadWire()
    return requestToken(this.#call, request, { grant: 'cluster_at_exchange', path, parameters, signal })
  }

  /**
   * Ends a token at IMS (`POST /ims/invalidate_token/v2`; without a secret or in a page `POST /ims/revoke`); with a
   * refresh token all that came from it. Without client id it is taken from the token.
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
    const { invalidateAtIms } = await loadWire()
    return invalidateAtIms(this.#call, {
      token,
      type: claims?.type ?? type,
      clientId: client,
      clientSecret: clientSecret || undefined,
    })
  }

  /** Revokes a token (`POST /ims/revoke`, RFC 7009). A token that IMS does not know counts as revoked. */
  revokeToken = async (token: string, client: ClientCredential, signal?: AbortSignal): Promise<void> => {
    checkOptions('revokeToken', client)
    checkCall('revokeToken', { signal })
    requireText('revokeToken', { token, clientId: client.clientId })
    const body = form({ token, client_id: client.clientId, client_secret: client.clientSecret || undefined })
    await this.#json({ url: this.getApiUrl(paths.revoke), method: 'POST', body }, signal)
  }

  /** Asks IMS whether `token` is valid (`POST /ims/validate_token/v1`), through the cache where there is one. */
  validateToken = async (token: string, clientId?: string): Promise<ImsValidation> =>
    this.#cached('token', token, clientId, () => this.#validate(token, clientId))

  /** As `validateToken`, and whether the token's client is on the list. No list: no check; an empty one refuses all. */
  validateTokenAllowList = async (token: string, allowList?: readonly string[]): Promise<ImsValidation> => {
    requireAllowList(allowList)
    return this.#cached('allow-list', token, allowList, async () =>
      checkAllowList(await this.#validate(token), token, allowList),
    )
  }

  /**
   * Checks `token` here: RS256 signature by IMS's published keys, times, type, client and scopes.
   *
   * @throws {TokenError} `TOKEN_INVALID` with a `reason`
   */
  verifyToken = async (token: string, options?: VerifyTokenOptions): Promise<TokenClaims> => {
    // not loaded again for each: it is on the path of every request to an API
    if (this.#verifier === undefined) {
      const { createVerifier } = await loadVerifier()
      this.#verifier ??= createVerifier(this.#call, { sharing: this.#sharing })
    }
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

  /** `token` as a token result. */
  toTokenResult = async (token: string): Promise<TokenResult> => resultOfToken(token)

  /**
   * The IMS that issued `token`, by its `as` claim.
   * @throws {ConfigurationError} `CANNOT_RESOLVE_ENVIRONMENT`
   */
  static async fromToken(token: string): Promise<{ token: string; ims: Ims }> {
    return hideSecrets({ token, ims: new Ims(endpointOfToken(token)) })
  }

  async #json(request: ImsRequest, signal?: AbortSignal): Promise<unknown> {
    return (await loadWire()).sendForJson(callWith(this.#call, signal), request)
  }

  async #validate(token: string, clientId?: string): Promise<Validated> {
    return (await loadWire()).validateAtIms(this.#call, token, clientId)
  }

  /** A hit waits for nothing. The kind of question is part of the key: a client id and a list are different questions. */
  #cached(
    kind: string,
    token: string,
    about: unknown,
    ask: () => Promise<Validated>,
  ): ImsValidation | Promise<ImsValidation> {
    const { cache } = this
    if (cache === undefined) return ask().then(copyOf)
    const known = cache.peek(kind, this.endpoint, about ?? null, token) as Validated | undefined
    if (known !== undefined) return copyOf(known)
    return cache.validateWithCache((..._: unknown[]) => ask(), kind, this.endpoint, about ?? null, token).then(copyOf)
  }
}
