import { ConfigurationError } from '../../../core/errors.ts'
import { type CodeFlowOptions, codeFlow } from '../../../core/flows/authorization-code.ts'
import { secretInPage } from '../../../core/flows/credentials.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { checkOptions } from '../../../core/options.ts'

export interface PublicClientOptions extends Omit<CodeFlowOptions, 'clientSecret'> {
  /** What a page is sent everyone can read: refused. */
  readonly clientSecret?: never
  /** Give {@link idTokenSignature} as `checkIdToken`, so that its code comes along. */
  readonly verifyIdTokenSignature?: never
}

/**
 * Authorization code with PKCE S256 (RFC 6749 section 4.1, RFC 7636), for a public client.
 *
 * @throws {ConfigurationError} `SECRET_IN_BROWSER` for a client secret, `BAD_OPTION` for a missing or mistyped credential
 */
export function authorizationCode(options: PublicClientOptions): LoginFlow {
  checkOptions('authorizationCode', options)
  const { clientSecret, verifyIdTokenSignature } = options
  if (clientSecret !== undefined) throw secretInPage('a client secret')
  if (verifyIdTokenSignature === undefined) return codeFlow(options)
  throw new ConfigurationError(
    'BAD_OPTION',
    'in a page authorizationCode takes checkIdToken: idTokenSignature instead of verifyIdTokenSignature',
  )
}
