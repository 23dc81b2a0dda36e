import { bearerToken, type EmulatorCall, readCookie } from '../http/call.ts'
import { nameList, quote, Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import { isRegistered, shownRedirectUris } from '../registry/redirect-uris.ts'
import { sessionCookieHeader, sessionCookieName } from '../registry/sessions.ts'
import { checkSecret, requireClient } from './client-authentication.ts'
import { appLink, messagePage } from './pages.ts'

// ends the session of the browser and that of the access token, and revokes all tokens of both
function endSessions({ headers, params }: EmulatorCall, provider: Provider): void {
  const token = provider.tokens.find(params.get('access_token') ?? bearerToken(headers) ?? '')
  for (const id of [readCookie(headers, sessionCookieName), token?.authorization.sessionId]) {
    if (id === undefined) continue
    provider.sessions.end(id)
    provider.tokens.revokeSession(id)
  }
}

function withSignedOutHeaders(response: Response, provider: Provider): Response {
  response.headers.set('set-cookie', sessionCookieHeader(provider.endpoint, undefined))
  response.headers.set('cache-control', 'no-store')
  return response
}

function whyNotRedirected(client: RegisteredClient | undefined): string {
  if (client === undefined) return 'a redirect needs a client_id.'
  const known = nameList(shownRedirectUris(client))
  return `it is not registered for client ${quote(client.clientId)}, whose redirect URIs are ${known}`
}

function answer({ params, notes }: EmulatorCall, provider: Provider): Response {
  const id = params.get('client_id')
  const client = id === null ? undefined : requireClient(provider, id)
  const secret = params.get('client_secret')
  if (secret !== null) {
    checkSecret(requireClient(provider, id), secret)
    return new Response(null, { status: 200 })
  }
  const redirectUri = params.get('redirect_uri')
  if (client !== undefined && redirectUri !== null && isRegistered(client, redirectUri)) {
    return new Response(null, { status: 302, headers: { location: redirectUri } })
  }
  const why =
    redirectUri === null ? '' : ` You were not redirected to ${quote(redirectUri)}: ${whyNotRedirected(client)}`
  if (why !== '') notes.push(why.trim())
  return messagePage({ title: 'Signed out', text: `You are signed out.${why}`, links: appLink(redirectUri) })
}

/**
 * `GET|POST /ims/logout[/v1]`: redirects to a registered redirect URI; with the client's secret, answers with a plain 200.
 * With the option `logoutByUrl: false`, it requires a POST with `access_token` in the body.
 */
export function logoutEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { method, params, url } = call
  const posted = method === 'POST' && params.get('access_token') !== null && !url.searchParams.has('access_token')
  if (!provider.logoutByUrl && !posted) {
    throw new Refusal(400, 'invalid_request', 'missing access_token in the body of a POST')
  }
  const response = answer(call, provider)
  endSessions(call, provider)
  return withSignedOutHeaders(response, provider)
}

/** `GET|POST /ims/logout/v1/token`: the same without a redirect, as JSON or JSONP. */
export function logoutTokenEndpoint(call: EmulatorCall, provider: Provider): Response {
  const callback = call.params.get('callback')
  if (callback !== null && !/^[\w$.]{1,100}$/.test(callback)) {
    throw new Refusal(400, 'invalid_request', 'invalid callback parameter')
  }
  endSessions(call, provider)
  const script = { headers: { 'content-type': 'application/javascript' } }
  const response = callback === null ? Response.json({}) : new Response(`${callback}({})`, script)
  return withSignedOutHeaders(response, provider)
}
