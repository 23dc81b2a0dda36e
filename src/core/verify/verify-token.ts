import * as errors from 'jose/errors'
import { compactVerify } from 'jose/jws/compact/verify'
import type { Call } from '../ims/call.ts'
import type { TokenClaims } from '../ims/decode-token.ts'
import { claimsFault, type VerifyTokenOptions } from './claims-fault.ts'
import { bytesOf, type CompactToken, objectIn, parseCompact, signedBytes } from './compact-token.ts'
import { invalid } from './invalid.ts'
import { type PublishedKeys, publishedKeys } from './published-keys.ts'

export { checkVerifyOptions, type VerifyTokenOptions } from './claims-fault.ts'

/** Checks a token against the published keys of one IMS. The options must have passed `checkVerifyOptions`. */
export type Verifier = (token: string, options?: VerifyTokenOptions) => Promise<TokenClaims>

const rs256 = { algorithms: ['RS256'] }
// parameters that change how the payload is read; IMS uses none of them
const foreignParameters = ['crit', 'b64', 'enc', 'zip']

/**
 * A verifier with its own key cache: keys are fetched once, again for an unknown `kid`, and again if a signature fails,
 * for either cause at most every 30 s. Only RS256 and only IMS's own key set: a token's `x5u`, `jku` or `jwk` is never
 * followed (RFC 8725, sections 3.1, 3.10). Times are compared with the local clock, whatever IMS's answers say.
 */
export function createVerifier(call: Call, { sharing = true }: { sharing?: boolean } = {}): Verifier {
  const keys = publishedKeys(call, sharing)
  return async (token, options = {}) => {
    const parts = parseCompact(token)
    if (parts === undefined) throw invalid('malformed')
    const proof = requireSignature(parts, keys)
    // read while another thread checks the signature, and used only after that
    const claims = objectIn(parts.payload) as TokenClaims | undefined
    await proof
    if (claims === undefined) throw invalid('malformed')
    const reason = claimsFault(claims, options, call.clock.now())
    if (reason !== undefined) throw invalid(reason)
    return claims
  }
}

async function requireSignature(token: CompactToken, keys: PublishedKeys): Promise<void> {
  const proven = keys.proven(token.header)
  if (proven !== undefined && (await isSignedBy(proven, token))) return
  const kid = keyIdOf(token.header)
  const key = proven ?? (await requireKey(kid, keys))
  if (proven === undefined && (await isFirstSignedBy(key, token))) return keys.prove(token.header, key)
  // IMS may have published another key under the same id
  if (!(await keys.renew())) throw invalid('signature')
  const renewed = await requireKey(kid, keys)
  if (!(await isFirstSignedBy(renewed, token))) throw invalid('signature')
  keys.prove(token.header, renewed)
}

async function requireKey(kid: unknown, keys: PublishedKeys): Promise<CryptoKey> {
  const named = kid === undefined || typeof kid === 'string'
  const key = named ? await keys.find(kid) : undefined
  if (key === undefined) throw invalid('key')
  return key
}

/** The `kid` of a header that is meant for RS256. */
function keyIdOf(encoded: string): unknown {
  const header = objectIn(encoded)
  if (header === undefined || foreignParameters.some((name) => name in header)) throw invalid('malformed')
  if (header.alg !== 'RS256') throw invalid(typeof header.alg === 'string' ? 'algorithm' : 'malformed')
  return header.kid
}

/** Verifies a token whose header was met in no valid token before: jose reads the header as well. */
async function isFirstSignedBy(key: CryptoKey, { header, payload, signature }: CompactToken): Promise<boolean> {
  try {
    await compactVerify(`${header}.${payload}.${signature}`, key, rs256)
    return true
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false
    throw invalid(error instanceof errors.JOSEAlgNotAllowed ? 'algorithm' : 'malformed')
  }
}

/** As jose verifies, but for the header: letter for letter it is one that jose has read and found this key for. */
function isSignedBy(key: CryptoKey, token: CompactToken): Promise<boolean> {
  return crypto.subtle.verify(key.algorithm.name, key, bytesOf(token.signature), signedBytes(token))
}
