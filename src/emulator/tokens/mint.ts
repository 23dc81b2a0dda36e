import { SignJWT } from 'jose/jwt/sign'
import type { Provider } from '../provider.ts'
import type { SigningKey } from './keys.ts'
import { tokenId } from './token-id.ts'
import type { Authorization, CodeBinding, IssuedToken, TokenType } from './token-ledger.ts'
import { userInfo } from './user-claims.ts'

const typeTag: Record<TokenType, string> = {
  access_token: 'at',
  refresh_token: 'rt',
  authorization_code: 'ac',
  promise_token: 'pt',
}

function signImsToken(claims: Record<string, unknown>, type: TokenType, { kid, privateKey }: SigningKey) {
  const header = { alg: 'RS256', x5u: `${kid}.cer`, kid, itt: typeTag[type] }
  return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
}

function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(48))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

interface MintOptions {
  readonly type: TokenType
  readonly scopes: readonly string[]
  readonly expiresIn: number
  readonly binding?: CodeBinding
  readonly claims?: Record<string, unknown>
}

// the claims of an IMS token: times are decimal strings in ms, scopes joined by commas, without iss, aud, exp and iat
function imsClaims(authorization: Authorization, now: number, options: MintOptions): Record<string, unknown> {
  const { client, subject, state, sessionId, actor } = authorization
  const id = tokenId(now)
  return {
    id,
    type: options.type,
    client_id: client.clientId,
    user_id: subject.userId,
    ...(state === undefined ? {} : { state }),
    as: 'ims-na1',
    aa_id: subject.accountId,
    ctp: 0,
    fg: 'EMULATOR======',
    sid: sessionId,
    ...options.claims,
    moi: id.slice(-12, -4),
    pba: '',
    ...(subject.orgId === undefined ? {} : { org: subject.orgId }),
    ...(actor === undefined ? {} : { act: actor }),
    expires_in: String(options.expiresIn),
    scope: options.scopes.join(','),
    created_at: String(now),
  }
}

async function mint(provider: Provider, authorization: Authorization, options: MintOptions): Promise<IssuedToken> {
  const now = provider.clock.now()
  const opaque = provider.opaqueTokens && options.type === 'access_token'
  const value = opaque
    ? randomToken()
    : await signImsToken(imsClaims(authorization, now, options), options.type, provider.keys.token)
  return provider.tokens.add({
    value,
    type: options.type,
    authorization,
    scopes: options.scopes,
    createdAt: now,
    expiresIn: options.expiresIn,
    ...(options.binding === undefined ? {} : { binding: options.binding }),
    used: false,
    revoked: false,
  })
}

interface AccessTokenOptions {
  readonly scopes?: readonly string[]
  readonly refresh?: IssuedToken | undefined
  /** In ms; used if the client has no lifetime of its own. Default: the emulator's. */
  readonly lifetime?: number
}

/** Issues an access token; `refresh` is the refresh token of the same response, which IMS names in it. */
export function mintAccessToken(
  provider: Provider,
  authorization: Authorization,
  { scopes = authorization.scopes, refresh, lifetime = provider.lifetimes.accessToken }: AccessTokenOptions = {},
): Promise<IssuedToken> {
  const expiresIn = authorization.client.accessTokenLifetime ?? lifetime
  const claims = refresh && { rtid: tokenId(refresh.createdAt), rtea: String(refresh.createdAt + refresh.expiresIn) }
  return mint(provider, authorization, { type: 'access_token', scopes, expiresIn, ...(claims && { claims }) })
}

/** Issues a refresh token, by default with the full lifetime. */
export function mintRefreshToken(
  provider: Provider,
  authorization: Authorization,
  expiresIn = provider.lifetimes.refreshToken,
): Promise<IssuedToken> {
  return mint(provider, authorization, { type: 'refresh_token', scopes: authorization.scopes, expiresIn })
}

/** Issues a promise token that expires in `expiresIn` ms. */
export function mintPromiseToken(
  provider: Provider,
  authorization: Authorization,
  expiresIn: number,
): Promise<IssuedToken> {
  return mint(provider, authorization, { type: 'promise_token', scopes: authorization.scopes, expiresIn })
}

/** Issues an authorization code bound to a redirect URI and, if given, to a PKCE challenge. */
export function mintCode(provider: Provider, authorization: Authorization, binding: CodeBinding): Promise<IssuedToken> {
  const { scopes } = authorization
  return mint(provider, authorization, {
    type: 'authorization_code',
    scopes,
    expiresIn: provider.lifetimes.code,
    binding,
  })
}

/** Signs an ID token (OpenID Connect Core, section 2); times are in seconds, and `x5u` is only a file name. */
export function mintIdToken(provider: Provider, authorization: Authorization): Promise<string> {
  const { client, subject, scopes, nonce } = authorization
  const { kid, privateKey } = provider.keys.idToken
  const iat = Math.floor(provider.clock.now() / 1000)
  const lifetime = client.accessTokenLifetime ?? provider.lifetimes.accessToken
  return new SignJWT({ ...userInfo(subject, scopes), ...(nonce === undefined ? {} : { nonce }) })
    .setProtectedHeader({ alg: 'RS256', x5u: `${kid}.cer`, kid })
    .setIssuer(provider.issuer)
    .setSubject(subject.userId)
    .setAudience(client.clientId)
    .setIssuedAt(iat)
    .setExpirationTime(iat + Math.floor(lifetime / 1000))
    .sign(privateKey)
}
