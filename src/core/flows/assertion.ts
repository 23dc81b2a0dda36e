import { SignJWT } from 'jose/jwt/sign'
import type { Digest } from '../digest.ts'
import { readKnownKey } from '../keys/known-keys.ts'
import type { PrivateKeySource } from '../keys/read-private-key.ts'
import type { Platform } from '../ports.ts'

/** The claims of an assertion. */
export interface AssertionClaims {
  readonly clientId: string
  /** `…@techacct.adobe.com` */
  readonly technicalAccountId: string
  /** `…@AdobeOrg` */
  readonly orgId: string
  /** Names such as `ent_dataservices_sdk`, or their full URLs. */
  readonly metaScopes: string | readonly string[]
}

/** s */
const lifetime = 300

/** The key, imported once for each text. @throws {ConfigurationError} `INVALID_KEY`, `INVALID_KEY_FILE` */
export function importKey(
  { privateKey, passphrase }: { privateKey: PrivateKeySource; passphrase?: string | undefined },
  readKey: Platform['readKey'],
  digestOf?: Digest,
): Promise<CryptoKey> {
  return readKnownKey(privateKey, { passphrase, readKey }, digestOf)
}

/**
 * A signed assertion for IMS (RS256, RFC 7519), valid for 5 minutes.
 *
 * @param how `now` in ms since the epoch, by the server's clock
 */
export function signClaims(
  { clientId, technicalAccountId, orgId, metaScopes }: AssertionClaims & { metaScopes: readonly string[] },
  { key, endpoint, now }: { key: CryptoKey; endpoint: string; now: number },
): Promise<string> {
  const issuedAt = Math.floor(now / 1000)
  const claims: Record<string, unknown> = {
    iss: orgId,
    sub: technicalAccountId,
    aud: `${endpoint}/c/${clientId}`,
    iat: issuedAt,
    exp: issuedAt + lifetime,
  }
  for (const scope of metaScopes) claims[/^https?:/.test(scope) ? scope : `${endpoint}/s/${scope}`] = true
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(key)
}
