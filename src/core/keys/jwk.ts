import * as base64url from '../base64url.ts'
import { damagedKey, invalidKey, otherKind } from './invalid-key.ts'
import { type RsaNumbers, rsaNumberNames } from './rsa-key.ts'

/**
 * The numbers of an RSA private key in JWK form (RFC 7517, RFC 7518 section 6.3).
 *
 * @throws {ConfigurationError} `INVALID_KEY` when `jwk` is anything else, or not meant for RS256 signatures
 */
export function rsaNumbersOfJwk(jwk: Readonly<Record<string, unknown>>): RsaNumbers {
  if (jwk.kty === 'EC') throw otherKind('EC PRIVATE KEY')
  if (jwk.kty === 'OKP') throw otherKind('EDWARDS')
  if (jwk.kty !== 'RSA') {
    const found = Array.isArray(jwk.keys) ? 'a JWK set, not one key' : 'an object that is not an RSA key in JWK form'
    throw invalidKey(`the private key is ${found}`, "give one JWK with kty 'RSA', or PEM text")
  }
  if (jwk.d === undefined) throw otherKind('RSA PUBLIC KEY')
  if (jwk.oth !== undefined) throw multiPrime()
  checkPurpose(jwk)
  const missing = rsaNumberNames.filter((name) => typeof jwk[name] !== 'string')
  if (missing.length > 0) {
    throw invalidKey(`the JWK lacks ${missing.join(', ')}`, 'export the private key again with all of its numbers')
  }
  return Object.fromEntries(rsaNumberNames.map((name) => [name, decode(jwk[name])])) as RsaNumbers
}

/** The refusal of keys with more than two primes (RFC 8017), which WebCrypto cannot import. */
export function multiPrime() {
  return invalidKey('this RSA key has more than two primes', 'make a new key with two')
}

function checkPurpose({ alg, use, key_ops: operations }: Readonly<Record<string, unknown>>): void {
  const fits =
    (alg === undefined || alg === 'RS256') &&
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('sign')))
  if (!fits) {
    throw invalidKey(
      'the JWK is not meant for RS256 signatures, as its alg, use or key_ops say',
      "give one with alg 'RS256', use 'sig' and key_ops ['sign'], or without these",
    )
  }
}

function decode(value: unknown): Uint8Array {
  try {
    return base64url.decode(String(value))
  } catch {
    throw damagedKey('a number of the JWK is not base64url')
  }
}
