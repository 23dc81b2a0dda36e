import { requireText, type Scopes, scopeList } from '../flows/credentials.ts'
import type { Resource } from '../flows/resource.ts'
import type { Call } from '../ims/call.ts'
import { exchangeJwt } from '../ims/endpoints/exchange-jwt.ts'
import { tokenV1, tokenV2, tokenV3For } from '../ims/endpoints/token.ts'
import { badOption, checkOptions } from '../options.ts'
import { grantOfCode } from './grant-of-code.ts'
import { AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN } from './parameter-names.ts'
import { type ClientCredential, requestToken } from './request-token.ts'
import { type TokenResult, tokenResult } from './token-result.ts'

export interface AuthorizationCodeRequest extends ClientCredential {
  readonly code: string
  readonly codeVerifier?: string | undefined
  readonly redirectUri?: string | undefined
  /** The API that the token is for, or several (RFC 8707). */
  readonly resource?: Resource | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RefreshTokenRequest extends ClientCredential {
  readonly refreshToken: string
  readonly scopes?: readonly string[] | undefined
  /** The API that the token is for, or several (RFC 8707). */
  readonly resource?: Resource | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ExchangeTokenRequest extends ClientCredential {
  /** The access token of the user. */
  readonly token: string
  /** Exactly one of `orgId` and `userId`. */
  readonly orgId?: string | undefined
  readonly userId?: string | undefined
  readonly scopes?: readonly string[] | undefined
  /** The API that the token is for, or several (RFC 8707). */
  readonly resource?: Resource | undefined
  readonly signal?: AbortSignal | undefined
}

/** Redeems an authorization code or a refresh token at v1; the `type` claim says which it is. */
export async function redeemByType(
  call: Call,
  { code, scopes, ...client }: ClientCredential & { code: string; scopes?: string | undefined },
): Promise<TokenResult> {
  const { grant, parameters } = grantOfCode(code)
  return requestToken(call, client, {
    grant,
    endpoint: tokenV1,
    once: grant === AUTHORIZATION_CODE,
    parameters: { ...parameters, scope: scopes || undefined },
  })
}

/** Requests a token for the application itself, at v2. */
export async function clientCredentialsToken(
  call: Call,
  { orgId, scopes, ...client }: ClientCredential & { orgId?: string | undefined; scopes: Scopes },
): Promise<TokenResult> {
  const { clientId, clientSecret } = client
  requireText('getAccessTokenByClientCredentials', { clientId, clientSecret })
  const parameters = { org_id: orgId || undefined, scope: scopeList(scopes).join(',') || undefined }
  return requestToken(call, client, { grant: CLIENT_CREDENTIALS, endpoint: tokenV2, parameters })
}

/** Exchanges a signed assertion. */
export async function jwtToken(
  call: Call,
  request: { clientId: string; clientSecret: string; signedJwtToken: string },
): Promise<TokenResult> {
  requireText('exchangeJwtToken', { ...request })
  const { tokens, answer } = await exchangeJwt(call, { ...request, assertion: request.signedJwtToken })
  return tokenResult(tokens, answer)
}

/** Redeems an authorization code with its PKCE verifier, at v3. */
export async function redeemCodeWithVerifier(call: Call, request: AuthorizationCodeRequest): Promise<TokenResult> {
  checkOptions('exchangeAuthorizationCode', request)
  const { code, codeVerifier, redirectUri } = request
  requireText('exchangeAuthorizationCode', { code })
  const parameters = { code, code_verifier: codeVerifier, redirect_uri: redirectUri }
  return requestToken(call, request, { grant: AUTHORIZATION_CODE, once: true, parameters, resource: request.resource })
}

/** Redeems a refresh token, at v3. */
export async function redeemRefreshToken(call: Call, request: RefreshTokenRequest): Promise<TokenResult> {
  checkOptions('refreshToken', request)
  requireText('refreshToken', { refreshToken: request.refreshToken })
  const scope = scopeList(request.scopes).join(' ') || undefined
  return requestToken(call, request, {
    grant: REFRESH_TOKEN,
    parameters: { refresh_token: request.refreshToken, scope },
    resource: request.resource,
  })
}

/** Exchanges the token of a user for a token of the same user in another organization or profile, at v3. */
export async function tokenOfCluster(call: Call, request: ExchangeTokenRequest): Promise<TokenResult> {
  checkOptions('exchangeToken', request)
  const { token, orgId, userId, scopes, clientId } = request
  requireText('exchangeToken', { token, clientId })
  if ((orgId === undefined) === (userId === undefined))
    throw badOption('exchangeToken needs exactly one of orgId and userId')
  const parameters = { user_token: token, user_id: userId, owning_org_id: orgId, scope: scopeList(scopes).join(',') }
  const grant = { grant: 'cluster_at_exchange', endpoint: tokenV3For(clientId), resource: request.resource }
  return requestToken(call, request, { ...grant, parameters })
}
