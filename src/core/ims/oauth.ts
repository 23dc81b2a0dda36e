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

/** The JSON of the answer as it came, before any check; `undefined` where it is no object. */
export type TokenBody = Readonly<Record<string, unknown>> | undefined

/** IMS as a check of an id token sees it. A type alias, as that of the OAuth library takes any further metadata. */
export type IssuerMetadata = { readonly issuer: string; readonly jwks_uri?: string }

/** A further check of an id token, whose claims were checked already. */
export type IdTokenCheck = (call: Call, as: IssuerMetadata, received: ReceivedIdToken) => Promise<void>

export interface ReceivedIdToken {
  /** The answer that brought the id token, read already. */
  readonly response: Response
  readonly idToken: unknown
}

/** One token request: how oauth4webapi sends it and how it reads the answer. */
export interface TokenExchange {
  readonly ask: (as: oauth.AuthorizationServer, options: oauth.TokenEndpointRequestOptions) => Promise<Response>
  readonly read: (
    as: oauth.AuthorizationServer,
    response: Response,
    body: TokenBody,
  ) => Promise<oauth.TokenEndpointResponse>
  /** Default: v3. */
  readonly endpoint?: TokenEndpoint
  /** The request spends an authorization code: it is sent once only. */
  readonly once?: boolean
  /** A further check of the id token, though it came straight from the token endpoint. */
  readonly checkIdToken?: IdTokenCheck | undefined
}

/** A client as oauth4webapi wants it, with IMS's algorithm and the server's clock. */
export function oauthClient(call: Call, clientId: string): oauth.Client {
  return {
    client_id: clientId,
    id_token_signed_response_alg: 'RS256',
    [oauth.clockSkew]: Math.round((serverNow(call) - Date.now()) / 1000),
    [oauth.clockTolerance]: 60,
  }
}

/** Confidential clients prove themselves in the body, which every IMS version reads; public ones do not. */
export function clientAuth(clientSecret: string | undefined): oauth.ClientAuth {
  return clientSecret === undefined ? oauth.None() : oauth.ClientSecretPost(clientSecret)
}

/** IMS's metadata for this call, under the name that the other side used where that is one of its names. */
export function authorizationServer(call: Call, named?: unknown): oauth.AuthorizationServer {
  const { endpoint, issuers = issuersOf(endpoint) } = call
  const issuer = typeof named === 'string' && issuers.includes(named) ? named : (issuers[0] ?? endpoint)
  return { ...serverMetadata(endpoint), issuer }
}

/**
 * Sends a token request and reads the answer; the only place where oauth4webapi's errors become ours.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`, or `IMS_MALFORMED` when the answer is no token response
 * @throws {TokenError} `TOKEN_INVALID` when the id token is not for this login
 */
export async function tokenRequest(call: Call, exchange: TokenExchange): Promise<Tokens> {
  return (await tokenExchange(call, exchange)).tokens
}

/** As {@link tokenRequest}, with the JSON that IMS answered. */
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
    // a token that is bound to a key (DPoP) is no bearer token
    if (read.token_type !== 'bearer') throw new Error('token_type is not bearer')
    const tokens = tokensFrom(call, read, { unit: endpoint.unit, sentAt: answer?.sentAt ?? call.clock.now() })
    if (tokens === undefined) throw new Error('expires_in is no positive number')
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
      // a user-agent of our own would cost a page a preflight that IMS does not answer
      const { 'user-agent': _, ...safelisted } = headers
      const request = { url, method, headers: safelisted, body, once }
      const answer = await send(call, request)
      const parsed = parseObject(answer.text)
      const refused = hasToken(parsed) ? undefined : refusalInside(call, request, answer)
      if (refused !== undefined) throw refused
      onAnswer({ body: parsed, answer })
      // a page may not read `Date`, but what was issued just now tells the time as well
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

/** When the tokens of an answer were issued, in ms since the epoch; `NaN` where they do not say. */
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

/** What to do about an issuer that is not accepted. */
export const issuerRemedy = 'check endpoint, or name the issuer that is right in the option issuers'

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
  const message = `the id token is not one for this login (${found}); nothing was stored, ${remedy}`
  return new TokenError('TOKEN_INVALID', message, { reason: found })
}

function reasonOf(error: unknown): string {
  return isError(error) ? redactText(error.message) : 'unknown'
}
