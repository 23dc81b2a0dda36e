import { type SignAssertionOptions, signAssertionWith } from '../../core/flows/sign-assertion.ts'
import { sha256 } from './sha256.ts'

/**
 * Signs an assertion for `Ims.exchangeJwtToken`: RS256, valid for 5 minutes. `jwtBearer` does both and stores the token.
 * The text of a key is read once: the imported key stays in memory, the text does not.
 *
 * @example
 * const assertion = await signAssertion({ clientId, technicalAccountId, orgId, metaScopes, privateKey })
 *
 * @throws {ConfigurationError} `BAD_OPTION`, `INVALID_KEY`
 */
export function signAssertion(options: SignAssertionOptions): Promise<string> {
  return signAssertionWith(options, sha256)
}
