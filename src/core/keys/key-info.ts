import {
  type Bytes,
  type DerValue,
  derInteger,
  derNumber,
  derOid,
  derSequence,
  derShape,
  membersOf,
  OCTET_STRING,
} from './der.ts'
import { damagedKey, otherKind } from './invalid-key.ts'
import { multiPrime } from './jwk.ts'
import { type RsaNumbers, rsaNumberNames } from './rsa-key.ts'

/** The used parts of a DER file. */
export type KeyInfo =
  | { readonly kind: 'rsa'; readonly numbers: RsaNumbers }
  /** EncryptedPrivateKeyInfo (RFC 5958, section 3): the members of its AlgorithmIdentifier, and the ciphertext. */
  | { readonly kind: 'encrypted'; readonly algorithm: readonly DerValue[]; readonly data: Bytes }

const rsaEncryption = '1.2.840.113549.1.1.1'
const otherAlgorithms: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.10045.2.1': 'EC PRIVATE KEY',
  '1.2.840.10040.4.1': 'DSA PRIVATE KEY',
  '1.3.101.110': 'EDWARDS',
  '1.3.101.111': 'EDWARDS',
  '1.3.101.112': 'EDWARDS',
  '1.3.101.113': 'EDWARDS',
}

/**
 * Reads DER by its structure, so that a wrong PEM label does not matter: PKCS#8, encrypted PKCS#8 or PKCS#1.
 * `undefined` if it is none of them and no other known kind.
 *
 * @throws {ConfigurationError} `INVALID_KEY` when it is another kind of key, a certificate, or a damaged RSA key
 */
export function readKeyInfo(der: Bytes): KeyInfo | undefined {
  const members = derSequence(der)
  if (members === undefined) return undefined
  const shape = derShape(members)
  if (shape.startsWith('02 30 04')) return privateKeyInfo(members)
  if (/^02( 02){8}$/.test(shape)) return { kind: 'rsa', numbers: rsaNumbers(members) }
  const [first, second] = members
  if (shape === '30 04' && second) return { kind: 'encrypted', algorithm: membersOf(first) ?? [], data: second.content }
  if (/^02( 02){8} 30$/.test(shape)) throw multiPrime()
  if (/^02( 02){5}$/.test(shape)) throw otherKind('DSA PRIVATE KEY')
  if (shape.startsWith('02 04')) throw otherKind('EC PRIVATE KEY')
  if (shape === '02 02') throw otherKind('RSA PUBLIC KEY')
  if (shape === '30 03') throw otherKind('PUBLIC KEY')
  if (shape === '30 30 03')
    throw otherKind(derNumber(membersOf(first)?.[0]) === 0 ? 'CERTIFICATE REQUEST' : 'CERTIFICATE')
  if (/^02 30( 30)?$/.test(shape) && derNumber(first) === 3) throw otherKind('PKCS#12')
  return undefined
}

// PrivateKeyInfo / OneAsymmetricKey (RFC 5958, section 2)
function privateKeyInfo([version, algorithm, key]: readonly DerValue[]): KeyInfo {
  const oid = derOid(membersOf(algorithm)?.[0]) ?? ''
  if (oid !== rsaEncryption) throw otherKind(otherAlgorithms[oid] ?? '')
  const members = key?.tag === OCTET_STRING ? derSequence(key.content) : undefined
  if (members === undefined || (derNumber(version) ?? 2) > 1) throw damagedKey('its DER is not whole')
  if (/^02( 02){8} 30$/.test(derShape(members))) throw multiPrime()
  return { kind: 'rsa', numbers: rsaNumbers(members) }
}

// RSAPrivateKey (RFC 8017, appendix A.1.2)
function rsaNumbers([version, ...members]: readonly DerValue[]): RsaNumbers {
  const numbers = rsaNumberNames.map((name, index) => [name, derInteger(members[index])] as const)
  const whole = members.length === rsaNumberNames.length && numbers.every(([, value]) => value !== undefined)
  if (!whole || derNumber(version) !== 0) throw damagedKey('its DER is not whole')
  return Object.fromEntries(numbers) as RsaNumbers
}
