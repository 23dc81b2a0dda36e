import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

/** A certificate for this machine's own names, and that of the authority that signed it, as PEM. */
export interface LocalCertificate {
  /** The authority's: the one that browsers and Node have to trust. Its key no longer exists. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const day = 86_400_000
/** Apple accepts at most 825 days from an authority that a user added. */
const lifetime = 800 * day
const ecdsaWithSha256 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' })
const commonName = '2.5.4.3'

function nameOf(text: string): Name {
  const value = new AttributeValue({ utf8String: text })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: commonName, value })])])
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

/** A pair of keys with the public half as a certificate contains it. */
interface Keys {
  readonly privateKey: KeyObject
  readonly info: SubjectPublicKeyInfo
  readonly identifier: ArrayBuffer
}

function generateKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const info = AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
  const digest = createHash('sha1').update(new Uint8Array(info.subjectPublicKey)).digest()
  return { privateKey, info, identifier: new Uint8Array(digest).buffer }
}

/** What differs between the two certificates. */
interface Contents {
  readonly subject: string
  readonly issuer: string
  readonly keys: Keys
  readonly signer: Keys
  readonly extensions: readonly Extension[]
}

function issue({ subject, issuer, keys, signer, extensions }: Contents, now: number): string {
  const serialNumber = randomBytes(16)
  // positive, and of full length
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: new Uint8Array(serialNumber).buffer,
    signature: ecdsaWithSha256,
    issuer: nameOf(issuer),
    // an hour ago, as clocks of containers may be behind
    validity: new Validity({ notBefore: new Date(now - day / 24), notAfter: new Date(now + lifetime) }),
    subject: nameOf(subject),
    subjectPublicKeyInfo: keys.info,
    extensions: new Extensions([
      ...extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keys.identifier)),
    ]),
  })
  const signatureValue = sign('sha256', new Uint8Array(AsnConvert.serialize(body)), signer.privateKey)
  const certificate = new Certificate({
    tbsCertificate: body,
    signatureAlgorithm: ecdsaWithSha256,
    signatureValue: new Uint8Array(signatureValue).buffer,
  })
  const text = Buffer.from(AsnConvert.serialize(certificate)).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${text.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

const authorityExtensions = () => [
  extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
  extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign), true),
  // even with its key, only certificates for the names of this machine could be signed
  extension(
    id_ce_nameConstraints,
    new NameConstraints({
      permittedSubtrees: new GeneralSubtrees([
        new GeneralSubtree({ base: new GeneralName({ dNSName: 'localhost' }) }),
        new GeneralSubtree({ base: new GeneralName({ iPAddress: '127.0.0.1/32' }) }),
        new GeneralSubtree({ base: new GeneralName({ iPAddress: '::1/128' }) }),
      ]),
    }),
    true,
  ),
]

const leafExtensions = ({ identifier }: Keys) => [
  extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
  extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
  extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
  extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(identifier) })),
  extension(
    id_ce_subjectAltName,
    new SubjectAlternativeName([
      new GeneralName({ dNSName: 'localhost' }),
      new GeneralName({ iPAddress: '127.0.0.1' }),
      new GeneralName({ iPAddress: '::1' }),
    ]),
  ),
]

/**
 * Makes a certificate for localhost, 127.0.0.1 and ::1, signed by an authority of its own that may sign for these names
 * only, and whose key is discarded after this signature.
 */
export function createLocalCertificate(now = Date.now()): LocalCertificate {
  const authority = generateKeys()
  const leaf = generateKeys()
  // a name of its own, so that a trust store shows which one is the current one
  const name = `imskit localhost ${new Date(now).toISOString().slice(0, 10)} ${randomBytes(3).toString('hex')}`
  const signed = { issuer: name, signer: authority }
  return {
    ca: issue({ ...signed, subject: name, keys: authority, extensions: authorityExtensions() }, now),
    cert: issue({ ...signed, subject: 'localhost', keys: leaf, extensions: leafExtensions(authority) }, now),
    key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
