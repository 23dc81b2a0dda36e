import type { IdTokenCheck } from '../ims/oauth.ts'
import { defined } from '../json.ts'
import { lazy } from '../lazy.ts'
import { clientLogin } from '../login/client-login.ts'
import { checkRedirectUri } from '../login/redirect-uri.ts'
import { badOption, checkOptions, type OptionNames } from '../options.ts'
import { refreshRenewal } from '../session/refresh-renewal.ts'
import { flowId, requireText, type Scopes, scopeList } from './credentials.ts'
import { invalidating } from './invalidating.ts'
import type { LoginFlow } from './login-flow.ts'
import { type Resource, resourceList } from './resource.ts'

const loadGrant = /* @__PURE__ */ lazy(() => import('./code-grant.ts'))
const loadSignatureCheck = /* @__PURE__ */ lazy(() => import('../verify/id-token-signature.ts'))

/** Checks the signature of an id token against IMS's keys. A value: without it, its code is not in the bundle. */
export const idTokenSignature: IdTokenCheck = async (...check) =>
  (await loadSignatureCheck()).checkIdTokenSignature(...check)

export interface AuthorizationCodeOptions {
  readonly clientId: string
  /** Only for confidential clients (web app); PKCE is used with and without it. */
  readonly clientSecret?: string | undefined
  readonly scopes: Scopes
  /**
   * Where IMS redirects the user to, if the platform's redirect does not name it: an absolute URL, or in a browser app a
   * path such as `/callback`, which is resolved when a login starts.
   */
  readonly redirectUri?: string | undefined
  /** The API that the token is for, or several: named in the authorization request and in each token request. */
  readonly resource?: Resource | undefined
  /** Check the id token's signature even though it comes straight from IMS over TLS. Default: false. */
  readonly verifyIdTokenSignature?: boolean
}

/**
 * Authorization code with PKCE S256 (RFC 6749 section 4.1, RFC 7636): the user signs in at `/ims/authorize/v2`, and the
 * code is redeemed at `/ims/token/v3`. Brings the login of the client.
 *
 * @example
 * const flow = authorizationCode({ clientId, scopes: ['openid', 'AdobeID'], redirectUri })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function authorizationCode(options: AuthorizationCodeOptions): LoginFlow {
  checkOptions('authorizationCode', options)
  const { verifyIdTokenSignature = false, ...rest } = options
  checkRedirectUri('authorizationCode: redirectUri', rest.redirectUri)
  return codeFlow({ ...rest, ...(verifyIdTokenSignature && { checkIdToken: idTokenSignature }) })
}

export interface CodeFlowOptions extends Omit<AuthorizationCodeOptions, 'verifyIdTokenSignature'> {
  /** A further check of the id token, such as of its signature. */
  readonly checkIdToken?: IdTokenCheck | undefined
}

const optionNames: OptionNames<CodeFlowOptions & Pick<AuthorizationCodeOptions, 'verifyIdTokenSignature'>> = {
  clientId: 1,
  clientSecret: 1,
  scopes: 1,
  redirectUri: 'string',
  resource: 1,
  checkIdToken: 'function',
  verifyIdTokenSignature: 'boolean',
}

/** {@link authorizationCode} with a check of the id token as a value, so that its code is only in bundles that use it. */
export function codeFlow(options: CodeFlowOptions): LoginFlow {
  checkOptions('authorizationCode', options, optionNames)
  const { clientId, clientSecret, redirectUri, checkIdToken } = options
  requireText('authorizationCode', { clientId, ...defined({ clientSecret, redirectUri }) })
  if (checkIdToken !== undefined && typeof checkIdToken !== 'function')
    throw badOption('authorizationCode: checkIdToken must be a function')
  const scopes = scopeList(options.scopes)
  const resource = resourceList('authorizationCode', options.resource)
  const id = flowId('authorization_code', [clientId, scopes, ...resource])
  const grant = { id, clientId, clientSecret, scopes, resource, checkIdToken }
  return {
    kind: clientSecret === undefined ? 'oauth_public' : 'oauth',
    confidential: clientSecret !== undefined,
    id,
    clientId,
    scopes,
    invalidate: invalidating(clientId, () => clientSecret),
    ...defined({ redirectUri }),
    renewal: refreshRenewal,
    refresh: async (call, token) => (await loadGrant()).refreshGrant(call, { clientId, clientSecret, resource }, token),
    start: async (call, redirect, asked) =>
      (await loadGrant()).authorizationRequest(call, grant, { redirectUri: redirect, asked }),
    login: clientLogin,
    finish: async (call, pending, callback) => (await loadGrant()).redeemCode(call, grant, { pending, callback }),
  }
}
