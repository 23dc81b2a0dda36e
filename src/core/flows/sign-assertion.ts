import type { Digest } from '../digest.ts'
import { resolveEndpoint } from '../ims/environment.ts'
import type { PrivateKeySource } from '../keys/read-private-key.ts'
import { badOption, checkOptions } from '../options.ts'
import type { AssertionClaims } from './assertion.ts'
import { requireText, scopeList } from './credentials.ts'

import { loadJwtGrant } from './load-jwt-grant.ts'

export interface SignAssertionOptions extends AssertionClaims {
  /** A `CryptoKey` is used as it is, without another import. */
  readonly privateKey: PrivateKeySource
  readonly passphrase?: string | undefined
  readonly env?: string | undefined
  readonly endpoint?: string | undefined
  /** ms since the epoch; default `Date.now()`. */
  readonly now?: number | undefined
}

/**
 * Signs an assertion for `Ims.exchangeJwtToken`: RS256, valid for 5 minutes. `jwtBearer` does both and stores the token.
 * The text of a key is read once: the imported key stays in memory, the text does not.
 *
 * @example
 * const assertion = await signAssertion({ clientId, technicalAccountId, orgId, metaScopes, privateKey })
 *
 * @throws {ConfigurationError} `BAD_OPTION`, `INVALID_KEY`
 */
export async function signAssertion(options: SignAssertionOptions): Promise<string> {
  return signAssertionWith(options)
}

/** @param digestOf the digest under which an imported key is known; default: WebCrypto's */
export async function signAssertionWith(options: SignAssertionOptions, digestOf?: Digest): Promise<string> {
  checkOptions('signAssertion', options)
  const { clientId, technicalAccountId, orgId, now = Date.now() } = options
  requireText('signAssertion', { clientId, technicalAccountId, orgId })
  if (!Number.isFinite(now)) throw badOption('signAssertion: now must be a time in ms since the epoch')
  const endpoint = resolveEndpoint(options)
  const { importKey, signClaims } = await loadJwtGrant()
  const key = await importKey(options, undefined, digestOf)
  return signClaims({ ...options, metaScopes: scopeList(options.metaScopes) }, { key, endpoint, now })
}
