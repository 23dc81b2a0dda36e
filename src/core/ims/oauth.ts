import * as oauth from 'oauth4webapi'
import { ImsError, TokenError, type TokenInvalidReason } from '../errors.ts'
import { parseObject } from '../json.ts'
import { isError, redactText } from '../redact.ts'
import { type Answer, type Call, urlOf } from './call.ts'
import { claimsOf } from './decode-token.ts'
import { type TokenEndpoint, tokenV3 } from './endpoints/token.ts'
import { isLoopback } from './environment.ts'
import { send, toResponse } from './http.ts'
import { issuersOf } from './issuers.ts'
import { malformed, refusalInside } from './response-error.ts'
import { noteServerTime, serverNow } from './server-clock.ts'
import { serverMetadata } from './server-metadata.ts'
import { spelledOut, tokensFrom } from './token-response.ts'
import { type Tokens, withClaims } from './tokens.ts'

/** The JSON of the answer before any check; `undefined` if it is not an object. */
export type TokenBody = Readonly<Record<string, unknown>> | undefined

/** The metadata that a check of an ID token needs. A type alias, which is assignable to a type with an index signature. */
export type IssuerMetadata = { readonly issuer: string; readonly jwks_uri?: string }

/** A further check of an ID token after its claims were checked. */
export type IdTokenCheck = (call: Call, as: IssuerMetadata, received: ReceivedIdToken) => Promise<void>

export interface ReceivedIdToken {
  /** The answer with the ID token, whose body has been read. */
  readonly response: Response
  readonly idToken: unknown
}

/** One token request: how oauth4webapi sends it and reads the answer. */
export interface TokenExchange {
  readonly ask: (as: oauth.AuthorizationServer, options: oauth.TokenEndpointRequestOptions) => Promise<Response>
  readonly read: (
    as: oauth.AuthorizationServer,
    response: Response,
    body: TokenBody,
  ) => Promise<oauth.TokenEndpointResponse>
  /** Default: v3. */
  readonly endpoint?: TokenEndpoint
  /** Whether the request redeems an authorization code, so that it is never repeated. */
  readonly once?: boolean
  /** A further check of the ID token, although it came directly from the token endpoint. */
  readonly checkIdToken?: IdTokenCheck | undefined
}

/** The client for oauth4webapi, with IMS's algorithm and the server's clock. */
export function oauthClient(call: Call, clientId: string): oauth.Client {
  return {
    client_id: clientId,
    id_token_signed_response_alg: 'RS256',
    [oauth.clockSkew]: Math.round((serverNow(call) - Date.now()) / 1000),
    [oauth.clockTolerance]: 60,
  }
}

/** Confidential clients authenticate in the body, which every version of IMS reads; public clients do not. */
export function clientAuth(clientSecret: string | undefined): oauth.ClientAuth {
  return clientSecret === undefined ? oauth.None() : oauth.ClientSecretPost(clientSecret)
}

/** IMS's metadata for this call; its issuer is the one that the answer named, if that is accepted. */
export function authorizationServer(call: Call, named?: unknown): oauth.AuthorizationServer {
  const { endpoint, issuers = issuersOf(endpoint) } = call
  const issuer = typeof named === 'string' && issuers.includes(named) ? named : (issuers[0] ?? endpoint)
  return { ...serverMetadata(endpoint), issuer }
}

/**
 * Sends a token request and reads the answer. Errors of oauth4webapi are translated here only.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`, or `IMS_MALFORMED` if the answer is not a token response
 * @throws {TokenError} `TOKEN_INVALID` if the ID token is not for this login
 */
export async function tokenRequest(call: Call, exchange: TokenExchange): Promise<Tokens> {
  return (await tokenExchange(call, exchange)).tokens
}

/** Like {@link tokenRequest}, with the JSON that IMS answered. */
export async function tokenExchange(call: Call, exchange: TokenExchange): Promise<{ tokens: Tokens; body: TokenBody }> {
  const { endpoint = tokenV3, once = false } = exchange
  const request = { url: urlOf(call, endpoint.path), method: 'POST' }
  let body: TokenBody
  let answer: Answer | undefined
  const options = requestOptions(call, { url: request.url, once }, (received) => {
    body = received.body
    answer = received.answer
  })
  const response = await exchange.ask({ ...authorizationServer(call), token_endpoint: request.url }, options)
  try {
    const as = authorizationServer(call, claimsOf(body?.id_token)?.iss)
    const read = await exchange.read(as, response, body)
    await exchange.checkIdToken?.(call, as, { response, idToken: body?.id_token })
    // a token that is bound to a key (DPoP) is not a bearer token
    if (read.token_type !== 'bearer') throw new Error('token_type is not bearer')
    const tokens = tokensFrom(call, read, { unit: endpoint.unit, sentAt: answer?.sentAt ?? call.clock.now() })
    if (tokens === undefined) throw new Error('expires_in is not a positive number')
    const claims = oauth.getValidatedIdTokenClaims(read)
    return { tokens: claims === undefined ? tokens : withClaims(tokens, claims as NonNullable<Tokens['claims']>), body }
  } catch (error) {
    if (error instanceof ImsError) throw error
    throw idTokenError(error) ?? malformed(request, answer ?? response, `no valid token response (${reasonOf(error)})`)
  }
}

function requestOptions(
  call: Call,
  { url: endpoint, once }: { url: string; once: boolean },
  onAnswer: (received: { readonly body: TokenBody; readonly answer: Answer }) => void,
): oauth.TokenEndpointRequestOptions {
  return {
    [oauth.customFetch]: async (url, { method, headers, body }) => {
      // a user-agent header would cause a preflight, which IMS does not answer
      const { 'user-agent': _, ...safelisted } = headers
      const request = { url, method, headers: safelisted, body, once }
      const answer = await send(call, request)
      const parsed = parseObject(answer.text)
      const refused = hasToken(parsed) ? undefined : refusalInside(call, request, answer)
      if (refused !== undefined) throw refused
      onAnswer({ body: parsed, answer })
      // browsers hide `Date` from a browser app, but the tokens say when they were issued
      const issuedAt = answer.headers.has('date') ? Number.NaN : issueTime(parsed)
      if (Number.isFinite(issuedAt)) noteServerTime(call, issuedAt)
      // IMS leaves out token_type in some dialects; RFC 6749 section 5.1 requires it
      const typed = parsed && { ...('access_token' in parsed && { token_type: 'bearer' }), ...spelledOut(parsed) }
      return toResponse({ url, method }, answer, typed)
    },
    [oauth.allowInsecureRequests]: isLoopback(new URL(endpoint).hostname),
  }
}

const hasToken = (body: TokenBody) => typeof body?.access_token === 'string' && body.access_token !== ''

/** When the tokens of an answer were issued, in ms since the epoch; `NaN` if they do not say. */
function issueTime(body: TokenBody): number {
  const { iat } = claimsOf(body?.id_token) ?? {}
  return typeof iat === 'number' ? iat * 1000 : Number(claimsOf(body?.access_token)?.created_at ?? Number.NaN)
}

const reasons: Readonly<Record<string, TokenInvalidReason>> = {
  iss: 'issuer',
  aud: 'audience',
  azp: 'audience',
  nonce: 'nonce',
  exp: 'expired',
  iat: 'not_yet_valid',
  nbf: 'not_yet_valid',
}

/** What to do about a refused issuer. */
export const issuerRemedy = 'check endpoint, or name the right issuer in the option issuers'

function idTokenError(error: unknown): TokenError | undefined {
  if (!(error instanceof oauth.OperationProcessingError)) return undefined
  const cause = error.cause as { claim?: unknown } | undefined
  const claim = typeof cause?.claim === 'string' ? cause.claim : undefined
  const compared = error.code === oauth.JWT_CLAIM_COMPARISON || error.code === oauth.JWT_TIMESTAMP_CHECK
  const reason =
    compared && claim !== undefined ? reasons[claim] : error.code === oauth.KEY_SELECTION ? 'key' : undefined
  const signature = /signature/.test(error.message) ? ('signature' as const) : undefined
  const found = reason ?? signature
  if (found === undefined) return undefined
  const remedy = found === 'issuer' ? issuerRemedy : 'start the login again'
  const message = `The ID token is not for this login (${found}); nothing was stored, ${remedy}`
  return new TokenError('TOKEN_INVALID', message, { reason: found })
}

function reasonOf(error: unknown): string {
  return isError(error) ? redactText(error.message) : 'unknown'
}
