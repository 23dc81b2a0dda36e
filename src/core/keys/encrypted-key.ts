import { type Bytes, type DerValue, derNumber, derOid, derShape, membersOf, OCTET_STRING } from './der.ts'
import { damagedKey, invalidKey } from './invalid-key.ts'

/** PBES2 with PBKDF2 and AES-CBC (RFC 8018): what WebCrypto can decrypt. */
interface Pbes2 {
  readonly hash: string
  readonly salt: Bytes
  readonly iterations: number
  /** Bytes of the AES key. */
  readonly keyLength: number
  readonly iv: Bytes
}

const pbes2 = '1.2.840.113549.1.5.13'
const pbkdf2 = '1.2.840.113549.1.5.12'
const scrypt = '1.3.6.1.4.1.11591.4.11'
const hashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'SHA-1',
  '1.2.840.113549.2.9': 'SHA-256',
  '1.2.840.113549.2.10': 'SHA-384',
  '1.2.840.113549.2.11': 'SHA-512',
}
const aesKeyLengths: Readonly<Record<string, number>> = {
  '2.16.840.1.101.3.4.1.2': 16,
  '2.16.840.1.101.3.4.1.22': 24,
  '2.16.840.1.101.3.4.1.42': 32,
}
const maxIterations = 10_000_000

/**
 * The DER in an encrypted PKCS#8 key: garbage if the padding happens to fit a wrong passphrase. `undefined` if WebCrypto
 * does not support the scheme, which for some depends on the runtime (AES-192, many iterations).
 *
 * @throws {ConfigurationError} `INVALID_KEY` when the passphrase is wrong or the parameters are absurd
 */
export async function decryptKey(
  algorithm: readonly DerValue[],
  data: Bytes,
  passphrase: string,
): Promise<Bytes | undefined> {
  checkCost(algorithm)
  const parameters = pbes2Parameters(algorithm)
  if (parameters === undefined) return undefined
  const key = await deriveKey(parameters, passphrase).catch(() => undefined)
  if (key === undefined) return undefined
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv: parameters.iv }, key, data))
  } catch {
    throw wrongPassphrase()
  }
}

/** The passphrase is wrong or the key is damaged: decryption cannot distinguish these. */
export function wrongPassphrase() {
  return invalidKey('the private key cannot be decrypted', 'check the passphrase; if it is right, the key is damaged')
}

async function deriveKey({ hash, salt, iterations, keyLength }: Pbes2, passphrase: string): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', new TextEncoder().encode(passphrase), 'PBKDF2', false, [
    'deriveBits',
  ])
  const how = { name: 'PBKDF2', hash, salt, iterations }
  const bits = await crypto.subtle.deriveBits(how, secret, keyLength * 8)
  return crypto.subtle.importKey('raw', bits, 'AES-CBC', false, ['decrypt'])
}

function pbes2Parameters([scheme, parameters]: readonly DerValue[]): Pbes2 | undefined {
  const [derivation, encryption] = membersOf(parameters) ?? []
  const [derivationOid, derivationParameters] = membersOf(derivation) ?? []
  const [cipher, iv] = membersOf(encryption) ?? []
  if (derOid(scheme) !== pbes2 || derOid(derivationOid) !== pbkdf2) return undefined
  const [salt, iterations, ...optional] = membersOf(derivationParameters) ?? []
  const prf = optional.find(({ tag }) => tag === 0x30)
  // RFC 8018, appendix A.2: the default is hmacWithSHA1
  const hash = prf === undefined ? 'SHA-1' : hashes[derOid(membersOf(prf)?.[0]) ?? '']
  const keyLength = aesKeyLengths[derOid(cipher) ?? '']
  if (hash === undefined || keyLength === undefined) return undefined
  const whole = salt?.tag === OCTET_STRING && iv?.tag === OCTET_STRING && iv.content.length === 16
  if (!whole || !derNumber(iterations)) throw damagedKey('its encryption parameters are not whole')
  return { hash, keyLength, salt: salt.content, iterations: derNumber(iterations) ?? 0, iv: iv.content }
}

// checked before the work is started: OpenSSL would do it on the main thread
function checkCost([, parameters]: readonly DerValue[]): void {
  const direct = membersOf(parameters) ?? []
  const [oid, derivationParameters] = membersOf(direct[0]) ?? []
  // PBES1 and PKCS#12 have { salt, iterations } themselves, PBES2 one level deeper
  const [, iterations, blockSize, parallel] = derShape(direct).startsWith('04 02')
    ? direct
    : (membersOf(derivationParameters) ?? [])
  const cost =
    derOid(oid) === scrypt
      ? (derNumber(iterations) ?? 0) * (derNumber(blockSize) ?? 0) * (derNumber(parallel) ?? 0)
      : (derNumber(iterations) ?? 0)
  if (cost <= maxIterations) return
  throw invalidKey(
    `the private key asks for more than ${maxIterations} rounds of key derivation`,
    'encrypt it again with fewer: openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 100000 -in key.pem -out new-key.pem',
  )
}
