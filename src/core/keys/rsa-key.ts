import * as base64url from '../base64url.ts'
import { damagedKey, invalidKey } from './invalid-key.ts'

/** The numbers of an RSA private key under their JWK names (RFC 7518, section 6.3). */
export const rsaNumberNames = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** Each number big-endian. */
export type RsaNumbers = Readonly<Record<(typeof rsaNumberNames)[number], Uint8Array>>

const minBits = 2048
const maxBits = 16_384

/**
 * `numbers` as a `CryptoKey` for RS256 that signs and cannot be exported.
 *
 * @throws {ConfigurationError} `INVALID_KEY` when the key is too small or its numbers do not belong together
 */
export async function importRsaKey(numbers: RsaNumbers): Promise<CryptoKey> {
  checkModulusLength(bitLength(numbers.n))
  if (!isConsistent(numbers)) throw damagedKey('its numbers do not belong together')
  const encoded = Object.fromEntries(rsaNumberNames.map((name) => [name, base64url.encode(magnitude(numbers[name]))]))
  const jwk: JsonWebKey = { kty: 'RSA', ...encoded }
  try {
    return await crypto.subtle.importKey('jwk', jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign'])
  } catch {
    throw invalidKey('the WebCrypto of this runtime refuses the RSA key', 'use a new 2048-bit key with exponent 65537')
  }
}

/** `key` itself where it can sign RS256. */
export function checkCryptoKey(key: CryptoKey): CryptoKey {
  const algorithm: { name: string; modulusLength?: number; hash?: { name: string } } = key.algorithm
  // a public key never has the usage 'sign'
  const fits =
    key.usages.includes('sign') && algorithm.name === 'RSASSA-PKCS1-v1_5' && algorithm.hash?.name === 'SHA-256'
  if (!fits) {
    throw invalidKey(
      'the CryptoKey cannot sign RS256',
      "import a private key for { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } with the usage 'sign'",
    )
  }
  checkModulusLength(algorithm.modulusLength ?? 0)
  return key
}

function checkModulusLength(bits: number): void {
  if (bits >= minBits && bits <= maxBits) return
  throw invalidKey(
    `the RSA key has ${bits} bits, and RS256 takes ${minBits} to ${maxBits} (RFC 7518, section 3.3)`,
    'make a new key with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem',
  )
}

// WebCrypto of some runtimes imports a damaged key and then makes signatures that no verifier accepts
function isConsistent(numbers: RsaNumbers): boolean {
  const [n, e, d, p, q, dp, dq, qi] = rsaNumberNames.map((name) => toBigInt(numbers[name]))
  if (!n || !e || !d || !p || !q || !dp || !dq || !qi || e < 3n || p < 3n || q < 3n) return false
  const exponents = dp === d % (p - 1n) && dq === d % (q - 1n) && (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n
  return p * q === n && exponents && (qi * q) % p === 1n
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join('')}`)
}

function magnitude(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((octet) => octet !== 0)
  return bytes.subarray(start < 0 ? bytes.length : start)
}

function bitLength(bytes: Uint8Array): number {
  const [first, ...rest] = magnitude(bytes)
  return first === undefined ? 0 : rest.length * 8 + (32 - Math.clz32(first))
}
