import * as oauth from 'oauth4webapi'
import * as base64url from '../base64url.ts'
import { hashOf } from '../digest.ts'
import { ImsResponseError, LoginRequiredError, UnavailableError } from '../errors.ts'
import { askingForUser } from '../ims/asking-for-user.ts'
import type { Call } from '../ims/call.ts'
import {
  authorizationServer,
  clientAuth,
  type IdTokenCheck,
  issuerRemedy,
  oauthClient,
  tokenRequest,
} from '../ims/oauth.ts'
import { readRefusal } from '../ims/refused.ts'
import { spelledOut } from '../ims/token-response.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { LoginParameters } from '../login/login-options.ts'
import { badOption } from '../options.ts'
import { isError, redactText } from '../redact.ts'
import type { PendingLogin } from './login-flow.ts'

// for the flow, which loads both of its grants in one file
export { refreshGrant } from './refresh-grant.ts'

/** The credential of a login by authorization code. */
export interface CodeGrant {
  /** The flow's id. */
  readonly id: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly scopes: readonly string[]
  readonly resource: readonly string[]
  readonly checkIdToken: IdTokenCheck | undefined
}

const loginLifetime = 15 * 60_000

/** Where to send the user, and what is stored until they are redirected back. */
export async function authorizationRequest(
  call: Call,
  { id, clientId, scopes, resource }: CodeGrant,
  { redirectUri, asked }: { redirectUri: string; asked: LoginParameters },
): Promise<{ url: URL; pending: PendingLogin }> {
  const pending: PendingLogin = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    codeVerifier: oauth.generateRandomCodeVerifier(),
    redirectUri: checkRedirectUri(redirectUri),
    endpoint: call.endpoint,
    flowId: id,
    expiresAt: call.clock.now() + loginLifetime,
  }
  const url = await authorizationUrl(call, { clientId, scopes, pending, parameters: asked })
  for (const uri of resource) url.searchParams.append('resource', uri)
  return { url, pending }
}

/** Checks the callback and redeems its code. */
export async function redeemCode(
  call: Call,
  { clientId, clientSecret, scopes, resource, checkIdToken }: CodeGrant,
  { pending, callback }: { pending: PendingLogin; callback: URL },
): Promise<Tokens> {
  // made again for the answer, which brings the server's time
  const client = () => oauthClient(call, clientId)
  const as = authorizationServer(call, callback.searchParams.get('iss'))
  const { codeVerifier, redirectUri, nonce, state } = pending
  const additionalParameters = resource.map((uri) => ['resource', uri])
  const parameters = checkCallback({ as, client: client(), callback, state })
  return tokenRequest(call, {
    once: true,
    checkIdToken,
    ask: (server, request) =>
      oauth.authorizationCodeGrantRequest(
        server,
        client(),
        clientAuth(clientSecret),
        parameters,
        redirectUri,
        codeVerifier,
        { ...request, additionalParameters },
      ),
    read: (server, response, body) => {
      // if openid was requested, an id token must have our nonce; without an id token nothing can be replayed
      const hasNonce = scopes.includes('openid') && body !== undefined && 'id_token' in spelledOut(body)
      const expected = hasNonce ? { expectedNonce: nonce } : {}
      return oauth.processAuthorizationCodeResponse(server, client(), response, expected)
    },
  }).catch((error: unknown) => {
    throw askingForUser(error)
  })
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
    code_challenge: await codeChallenge(pending.codeVerifier),
  }
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** Not oauth4webapi's: that takes a digest of another realm, as WebCrypto's in jsdom, for an array already. */
async function codeChallenge(verifier: string): Promise<string> {
  return base64url.encode(new Uint8Array(await hashOf(verifier)))
}

function checkRedirectUri(redirectUri: string): string {
  if (URL.canParse(redirectUri) && !redirectUri.includes('#')) return redirectUri
  throw badOption('redirectUri must be an absolute URL without a fragment, as registered with the credential')
}

/** The parameters of a valid callback (RFC 6749 section 4.1.2.1, RFC 9207). @throws {ImsError} for any other */
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
    const why = isError(error) ? redactText(error.message) : 'unknown'
    const named = why.includes('issuer') ? `. If this issuer is right, ${issuerRemedy}` : ''
    const message = `The callback does not answer this login (${why}). Nothing was stored. Start the login again${named}.`
    throw new LoginRequiredError('STATE_MISMATCH', message, { details: { reason: 'callback' } })
  }
}

function refusedLogin({ cause }: oauth.AuthorizationResponseError): unknown {
  // anyone can have written the callback URL: untrusted text
  const { details: more, ...said } = readRefusal((name) => cause.get(name))
  const { imsError } = said
  const details = { ...said, ...more }
  if (imsError === 'access_denied') {
    return new LoginRequiredError(
      'ACCESS_DENIED',
      'The user refused the sign-in or consent. Ask again when they want to sign in.',
      { details },
    )
  }
  if (imsError === 'temporarily_unavailable' || imsError === 'server_error') {
    const message = `IMS could not sign the user in (${imsError}). Try again later.`
    return new UnavailableError('IMS_UNAVAILABLE', message, { details })
  }
  const message = `IMS refused the sign-in with ${imsError ?? 'an error'}. Check client id, scopes and redirect URI of the credential.`
  return askingForUser(new ImsResponseError('HTTP_ERROR', message, { status: 302, ...said, details: more }))
}
