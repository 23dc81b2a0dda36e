import * as base64url from 'jose/base64url'
import * as errors from 'jose/errors'
import { createRemoteJWKSet, customFetch, type RemoteJWKSet } from 'jose/jwks/remote'
import { compactVerify } from 'jose/jws/compact/verify'
import { ConfigurationError, ImsError, ImsResponseError, TokenError, type TokenInvalidReason } from '../errors.ts'
import { type Call, parseObject, send, serverNow, toResponse } from '../ims/call.ts'
import { expiryOf, type TokenClaims } from '../ims/decode-token.ts'
import { paths } from '../ims/paths.ts'
import { scopesOf } from '../ims/tokens.ts'

export interface VerifyTokenOptions {
  /** The client that the token must be for. */
  readonly clientId?: string
  /** The clients that the token may be for. */
  readonly allowList?: readonly string[]
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[]
  /** The issuer that the token must name, by `iss` or by IMS's `as`, such as `https://ims-na1.adobelogin.com`. */
  readonly issuer?: string
  /** How far clocks may be apart, in ms: default 30,000, at most 300,000. */
  readonly clockTolerance?: number
}

/** Checks a token against the published keys of one IMS. */
export type Verifier = (token: string, options?: VerifyTokenOptions) => Promise<TokenClaims>

const longestToken = 64 * 1024
/** ms that a fetched key set is believed */
const keyLifetime = 600_000
const fewHeaders = 100
const rs256 = { algorithms: ['RS256'] }
// base64url only: some decoders overlook blanks, line ends and padding
const compact = /^[\w-]*\.[\w-]*\.[\w-]*$/
const decoder = /* @__PURE__ */ new TextDecoder()
const encoder = /* @__PURE__ */ new TextEncoder()

/**
 * A verifier with its own key cache: keys are fetched once, and again for an unknown `kid` at most every 30 s.
 * Only RS256 and only IMS's own key set: a token's `x5u`, `jku` or `jwk` is never followed (RFC 8725, sections 3.1, 3.10).
 */
export function createVerifier(call: Call): Verifier {
  const proven = provenKeys(call)
  const keys = createRemoteJWKSet(new URL(call.endpoint + paths.keys), {
    [customFetch]: async (url, { method, headers }) => {
      // a key may have been withdrawn
      proven.clear()
      return toResponse({ url, method }, await send(call, { url, method, headers: Object.fromEntries(headers) }))
    },
    cacheMaxAge: keyLifetime,
    cooldownDuration: 30_000,
  })
  return async (token, options = {}) => {
    checkVerifyOptions(options)
    if (typeof token !== 'string' || token.length > longestToken || !compact.test(token)) throw invalid('malformed')
    const payload = await signedPayload(token, keys, proven).catch((error: unknown) => {
      throw verificationError(error)
    })
    const claims = parseObject(decoder.decode(payload)) as TokenClaims | undefined
    if (claims === undefined) throw invalid('malformed')
    const reason = claimsFault(claims, options, serverNow(call))
    if (reason !== undefined) throw invalid(reason)
    return claims
  }
}

/** The payload of a token whose signature is right. */
async function signedPayload(token: string, keys: RemoteJWKSet, proven: ProvenKeys): Promise<Uint8Array> {
  const header = token.slice(0, token.indexOf('.'))
  const known = proven.get(header)
  if (known !== undefined) return payloadSignedBy(known, token)
  const { payload, key } = await compactVerify(token, keys, rs256)
  if (key instanceof CryptoKey) proven.set(header, key)
  return payload
}

/** As jose does it, but for the header: letter for letter it is one that jose has read and found this key for. */
async function payloadSignedBy(key: CryptoKey, token: string): Promise<Uint8Array> {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const signed = encoder.encode(`${header}.${payload}`)
  if (!(await crypto.subtle.verify(key.algorithm.name, key, decoded(signature), signed))) throw invalid('signature')
  return decoded(payload)
}

function decoded(part: string): Uint8Array<ArrayBuffer> {
  try {
    return base64url.decode(part) as Uint8Array<ArrayBuffer>
  } catch {
    throw invalid('malformed')
  }
}

type ProvenKeys = Pick<Map<string, CryptoKey>, 'get' | 'set' | 'clear'>

/** The keys of headers that were met in a valid token, for as long as the key set is believed: choosing again costs. */
function provenKeys({ clock }: Call): ProvenKeys {
  const keys = new Map<string, CryptoKey>()
  let since = clock.now()
  const clear = () => {
    keys.clear()
    since = clock.now()
  }
  return {
    clear,
    get: (header) => (clock.now() - since < keyLifetime ? keys.get(header) : undefined),
    set(header, key) {
      if (clock.now() - since >= keyLifetime || keys.size >= fewHeaders) clear()
      return keys.set(header, key)
    },
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` */
export function checkVerifyOptions({ allowList, scopes, clockTolerance = 0 }: VerifyTokenOptions): void {
  requireTexts('allowList', allowList)
  requireTexts('scopes', scopes)
  if (typeof clockTolerance === 'number' && clockTolerance >= 0 && clockTolerance <= 300_000) return
  throw new ConfigurationError('BAD_OPTION', 'clockTolerance must be between 0 and 300000 milliseconds')
}

/** Text would match parts of itself. */
function requireTexts(name: string, list: unknown): void {
  if (list === undefined || (Array.isArray(list) && list.every((item) => typeof item === 'string'))) return
  throw new ConfigurationError('BAD_OPTION', `${name} must be an array of strings`)
}

/** The first rule that `claims`, which are proven, break at `now` (ms since the epoch). */
export function claimsFault(
  claims: TokenClaims,
  { clientId, allowList, scopes = [], issuer, clockTolerance: tolerance = 30_000 }: VerifyTokenOptions,
  now: number,
): TokenInvalidReason | undefined {
  if (claims.type !== 'access_token') return 'type'
  const ends = expiryOf(claims)
  if (ends === undefined) return 'malformed'
  if (ends + tolerance <= now) return 'expired'
  const begins = Math.max(Number(claims.created_at ?? 0), Number(claims.nbf ?? 0) * 1000)
  if (!(begins - tolerance <= now)) return 'not_yet_valid'
  const issuedBy = claims.iss ?? (claims.as === undefined ? undefined : `https://${claims.as}.adobelogin.com`)
  if (issuer !== undefined && issuedBy !== issuer) return 'issuer'
  if (clientId !== undefined && claims.client_id !== clientId) return 'client'
  if (allowList !== undefined && !(claims.client_id && allowList.includes(claims.client_id))) return 'client'
  const granted = scopesOf(claims.scope) ?? []
  return scopes.every((scope) => granted.includes(scope)) ? undefined : 'scope'
}

function verificationError(error: unknown): unknown {
  if (error instanceof ImsError) return error
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('algorithm')
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('signature')
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return invalid('key')
  if (error instanceof errors.JWSInvalid || error instanceof errors.JOSENotSupported) return invalid('malformed')
  const what = 'the answer to GET /ims/keys is no set of usable keys; check that endpoint is IMS'
  return new ImsResponseError('IMS_MALFORMED', what, { status: 200 })
}

const remedies: Readonly<Record<TokenInvalidReason, string>> = {
  malformed: 'it is not a signed IMS access token',
  algorithm: 'it is not signed with RS256',
  key: 'it is signed with a key that IMS does not publish',
  signature: 'its signature is wrong',
  expired: 'it has expired; get a new one',
  not_yet_valid: 'it is from the future; check the clock',
  type: 'it is not an access token',
  issuer: 'it is from another issuer',
  audience: 'it is for another audience',
  nonce: 'it is for another login',
  client: 'it belongs to a client that is not accepted here',
  scope: 'it lacks a required scope',
}

function invalid(reason: TokenInvalidReason): TokenError {
  return new TokenError('TOKEN_INVALID', `the token was refused: ${remedies[reason]}`, { reason })
}
