// these stand for what the runtime has, under its types, whichever they are
import type { CryptoKey, JWK } from 'jose'
import { isImsError } from '../errors.ts'
import type { Platform } from '../ports.ts'
import type { Bytes } from './der.ts'
import { decryptKey, wrongPassphrase } from './encrypted-key.ts'
import { convertCommand, damagedKey, invalidKey } from './invalid-key.ts'
import { rsaNumbersOfJwk } from './jwk.ts'
import { type KeyInfo, readKeyInfo } from './key-info.ts'
import { type KeyMaterial, mayBePath, notAKey, openKeySource } from './key-source.ts'
import { toBase64, toPem } from './pem.ts'
import { checkCryptoKey, importRsaKey, type RsaNumbers } from './rsa-key.ts'

/** An RSA private key: PEM text in any of its forms, its lines, a JWK, a `CryptoKey`, or a path if `readKey` can read it. */
export type PrivateKeySource = string | readonly string[] | Readonly<JWK> | CryptoKey

/** What reading a key may need besides the key. */
export interface ReadPrivateKeyOptions {
  /** Decrypts an encrypted key; ignored if the key is not encrypted. */
  readonly passphrase?: string | undefined
  /** Reads paths and the formats that WebCrypto cannot. */
  readonly readKey?: Platform['readKey'] | undefined
}

/**
 * Reads an RSA private key for RS256. The result signs and, unless it came in as a `CryptoKey`, cannot be exported.
 * Each call reads and imports the key again: store the result to sign more than once.
 *
 * Text: PKCS#8, PKCS#1 or PKCS#8 encrypted with PBES2 (PBKDF2, AES-CBC), as PEM with real, escaped or lost newlines,
 * as JSON text or base64 of that, as base64 of its DER, or as JSON text of a JWK.
 *
 * @throws {ConfigurationError} `INVALID_KEY` when it is not such a key or the passphrase does not decrypt it, and
 * `INVALID_KEY_FILE` when it is a path that cannot be read. Neither holds anything of the key or the passphrase.
 */
export async function readPrivateKey(
  source: PrivateKeySource,
  options: ReadPrivateKeyOptions = {},
): Promise<CryptoKey> {
  if (options.passphrase !== undefined && typeof options.passphrase !== 'string') {
    throw invalidKey(`the passphrase is of type ${typeof options.passphrase}`, 'give it as a string')
  }
  if (typeof globalThis.crypto?.subtle !== 'object') {
    throw invalidKey('this page or runtime has no WebCrypto to use a private key with', 'serve the page over https')
  }
  return isCryptoKey(source) ? checkCryptoKey(source) : importRsaKey(await rsaNumbers(openKeySource(source), options))
}

// a key of another realm is not an instance of this realm's class, and workerd before 2024-09-26 sets no brand
function isCryptoKey(value: unknown): value is CryptoKey {
  return value instanceof globalThis.CryptoKey || Object.prototype.toString.call(value) === '[object CryptoKey]'
}

async function rsaNumbers(material: KeyMaterial, options: ReadPrivateKeyOptions): Promise<RsaNumbers> {
  switch (material.kind) {
    case 'jwk':
      return rsaNumbersOfJwk(material.jwk)
    case 'der':
      return numbersOfDer(material.der, options)
    case 'legacy':
      return numbersOfForeign(material.pem, options)
    case 'text':
      return numbersOfFile(material.text, options)
  }
}

async function numbersOfFile(path: string, options: ReadPrivateKeyOptions): Promise<RsaNumbers> {
  const text = mayBePath(path) ? await ask(path, options) : undefined
  if (text === undefined) throw notAKey()
  const material = openKeySource(text)
  // a file that names a file: no
  if (material.kind === 'text') throw notAKey()
  return rsaNumbers(material, options)
}

async function numbersOfDer(der: Bytes, options: ReadPrivateKeyOptions): Promise<RsaNumbers> {
  const info = readKeyInfo(der)
  if (info === undefined) throw damagedKey('its DER is not whole')
  if (info.kind === 'rsa') return info.numbers
  const plain = await decryptKey(info.algorithm, info.data, neededPassphrase(options))
  if (plain === undefined) return numbersOfForeign(toPem('ENCRYPTED PRIVATE KEY', toBase64(der)), options)
  return numbersOf(readKeyInfo(plain))
}

function numbersOf(info: KeyInfo | undefined): RsaNumbers {
  if (info?.kind !== 'rsa') throw wrongPassphrase()
  return info.numbers
}

async function numbersOfForeign(pem: string, options: ReadPrivateKeyOptions): Promise<RsaNumbers> {
  neededPassphrase(options)
  const text = await ask(pem, options)
  if (text === undefined) {
    throw invalidKey(
      'the private key is encrypted in a way that this runtime cannot decrypt',
      `convert it with: ${convertCommand}`,
    )
  }
  const material = openKeySource(text)
  if (material.kind !== 'der') throw wrongPassphrase()
  return numbersOf(readKeyInfo(material.der))
}

function neededPassphrase({ passphrase }: ReadPrivateKeyOptions): string {
  if (passphrase) return passphrase
  throw invalidKey('the private key is encrypted and no passphrase is given', 'add passphrase next to private_key')
}

async function ask(source: string, { readKey, passphrase }: ReadPrivateKeyOptions): Promise<string | undefined> {
  try {
    return await readKey?.(source, passphrase)
  } catch (error) {
    // errors of others may quote the key or name its content
    if (isImsError(error)) throw error
    throw invalidKey('the readKey of this platform failed', 'give the key as PEM text (PKCS#8 or PKCS#1)')
  }
}
