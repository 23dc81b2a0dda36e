import { requireText, type Scopes, scopeList } from '../flows/credentials.ts'
import { exchangeAssertion } from '../ims/endpoints/exchange-jwt.ts'
import { paths } from '../ims/paths.ts'
import { type TokenResult, tokenResult } from '../low-level/token-result.ts'
import { checkOptions } from '../options.ts'
import type { Connection } from '../setup.ts'
import { grantOfCode } from './grant-of-code.ts'
import { AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN } from './parameter-names.ts'
import { type ClientCredential, requestToken } from './request-token.ts'

export interface AuthorizationCodeRequest extends ClientCredential {
  readonly code: string
  readonly codeVerifier?: string | undefined
  readonly redirectUri?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RefreshTokenRequest extends ClientCredential {
  readonly refreshToken: string
  readonly scopes?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** Redeems a code or refresh token, told apart by its own claims, at v1. */
export async function redeemCode(
  call: Connection,
  { code, scopes, ...client }: ClientCredential & { code: string; scopes?: string | undefined },
): Promise<TokenResult> {
  const { grant, parameters } = grantOfCode(code)
  return requestToken(call, client, {
    grant,
    path: paths.tokenV1,
    unit: 'ms',
    once: grant === AUTHORIZATION_CODE,
    parameters: { ...parameters, scope: scopes || undefined },
  })
}

/** A token for the application itself, at v2. */
export async function clientCredentialsToken(
  call: Connection,
  { orgId, scopes, ...client }: ClientCredential & { orgId?: string | undefined; scopes: Scopes },
): Promise<TokenResult> {
  const { clientId, clientSecret } = client
  requireText('getAccessTokenByClientCredentials', { clientId, clientSecret })
  const parameters = { org_id: orgId || undefined, scope: scopeList(scopes).join(',') || undefined }
  return requestToken(call, client, { grant: CLIENT_CREDENTIALS, path: paths.tokenV2, parameters })
}

/** Exchanges a signed assertion. */
export async function exchangeJwt(
  call: Connection,
  request: { clientId: string; clientSecret: string; signedJwtToken: string },
): Promise<TokenResult> {
  requireText('exchangeJwtToken', { ...request })
  const { clientId, clientSecret, signedJwtToken } = request
  const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, jwt_token: signedJwtToken })
  const { tokens, answer } = await exchangeAssertion(call, body)
  return tokenResult(tokens, answer)
}

/** Redeems an authorization code with its PKCE verifier, at v3. */
export async function exchangeAuthorizationCode(
  call: Connection,
  request: AuthorizationCodeRequest,
): Promise<TokenResult> {
  checkOptions('exchangeAuthorizationCode', request)
  const { code, codeVerifier, redirectUri } = request
  requireText('exchangeAuthorizationCode', { code })
  const parameters = { code, code_verifier: codeVerifier, redirect_uri: redirectUri }
  return requestToken(call, request, { grant: AUTHORIZATION_CODE, once: true, parameters })
}

/** Trades a refresh token for new tokens, at v3. */
export async function refreshToken(call: Connection, request: RefreshTokenRequest): Promise<TokenResult> {
  checkOptions('refreshToken', request)
  requireText('refreshToken', { refreshToken: request.refreshToken })
  const scope = scopeList(request.scopes).join(' ') || undefined
  return requestToken(call, request, {
    grant: REFRESH_TOKEN,
    parameters: { refresh_token: request.refreshToken, scope },
  })
}
