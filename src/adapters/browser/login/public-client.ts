import { type CodeFlowOptions, codeFlow } from '../../../core/flows/authorization-code.ts'
import { secretInPage } from '../../../core/flows/credentials.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { checkRedirectUri } from '../../../core/login/redirect-uri.ts'
import { badOption, checkOptions } from '../../../core/options.ts'

export interface PublicClientOptions extends Omit<CodeFlowOptions, 'clientSecret'> {
  /** Refused, because everyone can read what a browser loads. */
  readonly clientSecret?: never
  /** Pass {@link idTokenSignature} as `checkIdToken` instead, so that only apps that use it load its code. */
  readonly verifyIdTokenSignature?: never
}

/**
 * Authorization code with PKCE S256 (RFC 6749 section 4.1, RFC 7636), for a public client.
 *
 * @throws {ConfigurationError} `SECRET_IN_BROWSER` for a client secret, `BAD_OPTION` for a missing or mistyped credential
 * @example
 * authorizationCode({ clientId: 'my-app', scopes: ['openid'], redirectUri: `${location.origin}/callback` })
 */
export function authorizationCode(options: PublicClientOptions): LoginFlow {
  checkOptions('authorizationCode', options)
  const { clientSecret, verifyIdTokenSignature } = options
  if (clientSecret !== undefined) throw secretInPage('a client secret')
  checkRedirectUri('authorizationCode: redirectUri', options.redirectUri)
  if (verifyIdTokenSignature === undefined) return codeFlow(options)
  throw badOption(
    'In a browser, authorizationCode takes checkIdToken: idTokenSignature instead of verifyIdTokenSignature',
  )
}
