import * as oauth from 'oauth4webapi'
import { ConfigurationError, ImsResponseError, LoginRequiredError } from '../errors.ts'
import type { Call } from '../ims/call.ts'
import { idTokenSignature } from '../ims/id-token-signature.ts'
import { invalidating } from '../ims/invalidate-token.ts'
import { authorizationServer, clientAuth, type IdTokenCheck, oauthClient, tokenRequest } from '../ims/oauth.ts'
import { redactText } from '../redact.ts'
import { flowId, requireText, type Scopes, scopeList } from './credentials.ts'
import type { LoginFlow, LoginParameters, PendingLogin } from './flow.ts'
import { refreshing } from './refresh-token.ts'

export interface AuthorizationCodeOptions {
  readonly clientId: string
  /** Only for confidential clients (web app); PKCE is used with and without it. */
  readonly clientSecret?: string | undefined
  readonly scopes: Scopes
  /** Where IMS sends the person back to, where the platform's redirect does not say. */
  readonly redirectUri?: string | undefined
  /** Check the id token's signature though it comes straight from IMS over TLS. Default: false. */
  readonly verifyIdTokenSignature?: boolean
}

const loginLifetime = 15 * 60_000

/**
 * Authorization code with PKCE S256 (RFC 6749 section 4.1, RFC 7636): a person signs in at
 * `/ims/authorize/v2`, the code is redeemed at `/ims/token/v3`.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential
 */
export function authorizationCode(options: AuthorizationCodeOptions): LoginFlow {
  const { verifyIdTokenSignature = false, ...rest } = options
  return codeFlow({ ...rest, ...(verifyIdTokenSignature && { checkIdToken: idTokenSignature }) })
}

export interface CodeFlowOptions extends Omit<AuthorizationCodeOptions, 'verifyIdTokenSignature'> {
  /** A further check of the id token, such as of its signature. */
  readonly checkIdToken?: IdTokenCheck | undefined
}

/** {@link authorizationCode} without what only some need. */
export function codeFlow(options: CodeFlowOptions): LoginFlow {
  const { clientId, clientSecret, redirectUri, checkIdToken } = options
  requireText('authorizationCode', {
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(redirectUri !== undefined && { redirectUri }),
  })
  const scopes = scopeList(options.scopes)
  const id = flowId('authorization_code', [clientId, scopes])
  return {
    kind: clientSecret === undefined ? 'oauth_public' : 'oauth',
    confidential: clientSecret !== undefined,
    id,
    clientId,
    scopes,
    invalidate: invalidating(clientId, () => clientSecret),
    ...(redirectUri !== undefined && { redirectUri }),
    refresh: refreshing({ clientId, clientSecret }),

    async start(call, redirect, parameters) {
      const pending: PendingLogin = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        codeVerifier: oauth.generateRandomCodeVerifier(),
        redirectUri: checkRedirectUri(redirect),
        endpoint: call.endpoint,
        flowId: id,
        expiresAt: call.clock.now() + loginLifetime,
      }
      return { url: await authorizationUrl(call, { clientId, scopes, pending, parameters }), pending }
    },

    async finish(call, pending, callback) {
      // made anew for the answer, which brings the server's time along
      const client = () => oauthClient(call, clientId)
      const as = authorizationServer(call, callback.searchParams.get('iss'))
      const parameters = checkCallback({ as, client: client(), callback, state: pending.state })
      const { codeVerifier, redirectUri: redirect, nonce } = pending
      return tokenRequest(call, {
        once: true,
        checkIdToken,
        ask: (server, request) =>
          oauth.authorizationCodeGrantRequest(
            server,
            client(),
            clientAuth(clientSecret),
            parameters,
            redirect,
            codeVerifier,
            request,
          ),
        read: (server, response, body) => {
          // where openid was asked for, an id token must name our nonce; without an id token nothing can be replayed
          const checked = scopes.includes('openid') && body !== undefined && 'id_token' in body
          const expected = checked ? { expectedNonce: nonce } : {}
          return oauth.processAuthorizationCodeResponse(server, client(), response, expected)
        },
      })
    },
  }
}

async function authorizationUrl(
  call: Call,
  login: { clientId: string; scopes: readonly string[]; pending: PendingLogin; parameters: LoginParameters },
): Promise<URL> {
  const { clientId, scopes, pending, parameters } = login
  const url = new URL(authorizationServer(call).authorization_endpoint ?? '')
  const { prompt, loginHint, locale } = parameters
  const wanted: Record<string, string | undefined> = {
    ...parameters.parameters,
    prompt,
    login_hint: loginHint,
    locale,
    client_id: clientId,
    redirect_uri: pending.redirectUri,
    response_type: 'code',
    response_mode: 'query',
    scope: scopes.join(' ') || undefined,
    state: pending.state,
    nonce: scopes.includes('openid') ? pending.nonce : undefined,
    // IMS takes a challenge without a method for `plain`
    code_challenge_method: 'S256',
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.codeVerifier),
  }
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

function checkRedirectUri(redirectUri: string): string {
  if (URL.canParse(redirectUri) && new URL(redirectUri).hash === '') return redirectUri
  throw new ConfigurationError(
    'BAD_OPTION',
    'redirectUri must be an absolute URL without a fragment, as registered with the credential',
  )
}

/** The response parameters of a good callback; its errors as ours (RFC 6749 section 4.1.2.1, RFC 9207). */
function checkCallback({
  as,
  client,
  callback,
  state,
}: {
  as: oauth.AuthorizationServer
  client: oauth.Client
  callback: URL
  state: string
}): URLSearchParams {
  try {
    const parameters = oauth.validateAuthResponse(as, client, callback, state)
    if (parameters.getAll('code').length !== 1) throw new Error('it must carry exactly one code')
    return parameters
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw refusedLogin(error)
    const why = error instanceof Error ? error.message : 'unknown'
    const message = `the callback does not answer this login (${why}); nothing was stored, start the login again`
    throw new LoginRequiredError('STATE_MISMATCH', message, { details: { reason: 'callback' } })
  }
}

function refusedLogin({ error, error_description }: oauth.AuthorizationResponseError): Error {
  // whoever made the callback URL wrote these: untrusted text
  const imsError = redactText(error).slice(0, 100)
  const imsErrorDescription = error_description === undefined ? undefined : redactText(error_description).slice(0, 500)
  const details = { imsError, imsErrorDescription }
  if (imsError === 'access_denied') {
    return new LoginRequiredError(
      'ACCESS_DENIED',
      'the person refused the sign-in or consent; ask again when they want to',
      { details },
    )
  }
  if (/^(?:login|consent|interaction|account_selection)_required$/.test(imsError) || imsError.startsWith('ride_')) {
    const cause = new ImsResponseError('HTTP_ERROR', `IMS ended the sign-in with ${imsError}`, {
      status: 302,
      imsError,
      imsErrorDescription,
    })
    return new LoginRequiredError('LOGIN_REQUIRED', `IMS needs the person (${imsError}); call login()`, {
      cause,
      details,
    })
  }
  const message = `IMS ended the sign-in with ${imsError}; check client id, scopes and redirect URI of the credential`
  return new ImsResponseError('HTTP_ERROR', message, { status: 302, imsError, imsErrorDescription })
}
