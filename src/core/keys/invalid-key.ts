import { ConfigurationError } from '../errors.ts'

/** How to turn an encrypted key into one that every runtime reads. */
export const convertCommand = 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new-key.pem'

/**
 * `INVALID_KEY`. Both halves are fixed text or numbers, never anything read from the key, and there is no `cause`:
 * errors of JSON.parse and of WebCrypto may quote their input.
 */
export function invalidKey(found: string, remedy: string): ConfigurationError {
  return new ConfigurationError('INVALID_KEY', `${capitalized(found)}. ${capitalized(remedy)}`)
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** The key is of the expected kind but its bytes are not. */
export function damagedKey(how: string): ConfigurationError {
  return invalidKey(
    `the private key is damaged: ${how}`,
    'copy the whole key file again, from its BEGIN to its END line',
  )
}

const useRsa = 'IMS takes RS256 only: use the RSA private key whose certificate is in the Adobe Developer Console'
const usePrivate = 'give the RSA private key that belongs to it instead'

const otherKinds: Readonly<Record<string, readonly [found: string, remedy: string]>> = {
  'EC PRIVATE KEY': ['this is an elliptic-curve (EC) private key', useRsa],
  'EC PARAMETERS': ['these are elliptic-curve (EC) parameters', useRsa],
  'DSA PRIVATE KEY': ['this is a DSA private key', useRsa],
  'RSA-PSS': ['this is an RSA-PSS private key', useRsa],
  EDWARDS: ['this is an Edwards-curve or Montgomery-curve private key (Ed25519, X25519 or the like)', useRsa],
  'OPENSSH PRIVATE KEY': [
    'this is a private key in OpenSSH format',
    'convert a copy of an RSA key with: ssh-keygen -p -m PKCS8 -f copy-of-key',
  ],
  'PUBLIC KEY': ['this is a public key', usePrivate],
  'RSA PUBLIC KEY': ['this is an RSA public key', usePrivate],
  CERTIFICATE: ['this is a certificate', usePrivate],
  'X509 CERTIFICATE': ['this is a certificate', usePrivate],
  'TRUSTED CERTIFICATE': ['this is a certificate', usePrivate],
  'CERTIFICATE REQUEST': ['this is a certificate request', usePrivate],
  'NEW CERTIFICATE REQUEST': ['this is a certificate request', usePrivate],
  'PKCS#12': [
    'this is a PKCS#12 (.p12, .pfx) file',
    'take the private key out of it with: openssl pkcs12 -in file.p12 -nocerts -out key.pem',
  ],
}

/** The refusal of something well known that is not an RSA private key; `kind` is a PEM label (upper case) or another name. */
export function otherKind(kind: string): ConfigurationError {
  const [found, remedy] = otherKinds[kind] ?? []
  return invalidKey(
    found ?? 'this is not an RSA private key',
    remedy ?? 'give an RSA private key as PEM (PKCS#8 or PKCS#1)',
  )
}
