import { type EmulatorCall, readCookie } from '../http/call.ts'
import { nameList, quote, Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { type SignInSession, sessionCookieHeader, sessionCookieName } from '../registry/sessions.ts'
import type { TokenSubject } from '../registry/users.ts'
import { mintAccessToken, mintCode, mintIdToken } from '../tokens/mint.ts'
import type { Authorization } from '../tokens/token-ledger.ts'
import { reportedLifetime } from '../tokens/token-response.ts'
import {
  type AuthorizationRequest,
  checkRequest,
  type ReturnAddress,
  readReturnAddress,
} from './authorization-request.ts'
import { appLink, consentPage, messagePage, signInPage } from './pages.ts'

function redirect(location: string, status: 302 | 303, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers: { location, 'cache-control': 'no-store', ...headers } })
}

function sendBack({ redirectUri, fragment, state }: ReturnAddress, answer: Record<string, string>): string {
  const url = new URL(redirectUri)
  const params = { ...answer, ...(state === null ? {} : { state }) }
  if (fragment) url.hash = new URLSearchParams(params).toString()
  else for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url.href
}

async function authorizationAnswer(request: AuthorizationRequest, session: SignInSession, provider: Provider) {
  const { call, client, scopes, state, nonce, responseTypes, redirectUri, challenge } = request
  const authorization: Authorization = {
    client,
    subject: session.user,
    scopes,
    sessionId: session.id,
    ...(state === null ? {} : { state }),
    ...(nonce === null ? {} : { nonce }),
  }
  const answer: Record<string, string> = {}
  if (responseTypes.has('code')) {
    const binding = { redirectUri, ...(challenge === undefined ? {} : { challenge }) }
    answer.code = (await mintCode(provider, authorization, binding)).value
  }
  if (responseTypes.has('id_token')) answer.id_token = await mintIdToken(provider, authorization)
  if (responseTypes.has('token')) {
    const access = await mintAccessToken(provider, authorization)
    answer.access_token = access.value
    answer.token_type = 'bearer'
    answer.expires_in = String(reportedLifetime(access, call.version))
  }
  return answer
}

async function finish(request: AuthorizationRequest, session: SignInSession, provider: Provider): Promise<Response> {
  const answer = await authorizationAnswer(request, session, provider)
  return redirect(sendBack(request, answer), 302, { 'set-cookie': sessionCookieHeader(provider.endpoint, session.id) })
}

function signInAutomatically(request: AuthorizationRequest, email: string, provider: Provider): SignInSession {
  const user = provider.users.find(email)
  if (user === undefined) throw new Refusal(400, 'access_denied', 'there is no such user to sign in')
  provider.sessions.consent(user, request.client, request.scopes)
  return provider.sessions.start(user, provider.clock.now())
}

function showSignIn({ call, client, startPage }: AuthorizationRequest, provider: Provider, problem?: string): Response {
  const { users } = provider
  const suggested = startPage.to === 'sign-up' ? undefined : users.first
  const email = call.params.get('email') ?? call.params.get('login_hint') ?? suggested ?? ''
  return signInPage({
    clientId: client.clientId,
    email,
    users,
    startPage,
    ...(problem === undefined ? {} : { problem }),
  })
}

/** Performs the next step: sign-in, consent or the redirect with the answer. */
async function proceed(request: AuthorizationRequest, provider: Provider): Promise<Response> {
  const { call, client, scopes, prompts } = request
  const silent = prompts.has('none')
  const session = provider.sessions.find(readCookie(call.headers, sessionCookieName))
  const consented = session !== undefined && provider.sessions.hasConsent(session.user, client, scopes)
  if (session !== undefined && consented && !prompts.has('login')) return finish(request, session, provider)
  if (silent) {
    throw session === undefined
      ? new Refusal(400, 'login_required', 'the user is not signed in')
      : new Refusal(400, 'consent_required', 'the user has not consented to these scopes')
  }
  if (provider.autoLogin !== undefined) {
    return finish(request, signInAutomatically(request, provider.autoLogin, provider), provider)
  }
  if (session === undefined || prompts.has('login')) return showSignIn(request, provider)
  const { user, formToken } = session
  return consentPage({ clientId: client.clientId, email: user.email, scopes, formToken })
}

// the address of the request without the prompts that the user has answered
function resume({ call, prompts }: AuthorizationRequest): string {
  const url = new URL(call.url)
  const left = [...prompts].filter((prompt) => prompt !== 'login')
  if (left.length > 0) url.searchParams.set('prompt', left.join(' '))
  else url.searchParams.delete('prompt')
  return url.pathname + url.search
}

function whyNotSignedIn(email: string, { users }: Provider): string {
  if (users.find(email) !== undefined) return `The password of ${quote(email)} is wrong.`
  const known = nameList(users.all.map((user) => user.email))
  return `The emulator does not know the user ${quote(email)}. It knows: ${known}.`
}

/** The user of a sent form, or the problem to show. */
async function userOfForm(
  { call, startPage }: AuthorizationRequest,
  provider: Provider,
): Promise<TokenSubject | string> {
  const { users } = provider
  const email = call.params.get('email') ?? ''
  if (startPage.to === 'sign-up')
    return (await users.signUp(email)) ?? `${quote(email)} is not an email address, or has an account already.`
  // a social provider checks its own password
  const user =
    startPage.to === 'provider' ? users.find(email) : users.authenticate(email, call.params.get('password') ?? '')
  return user ?? whyNotSignedIn(email, provider)
}

const sentence = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`

async function submit(request: AuthorizationRequest, action: string, provider: Provider): Promise<Response> {
  const { call, client, scopes } = request
  const { params, headers } = call
  if (action === 'sign-in') {
    const user = await userOfForm(request, provider)
    if (typeof user === 'string') {
      call.notes.push(user)
      return showSignIn(request, provider, user)
    }
    const { id } = provider.sessions.start(user, provider.clock.now())
    return redirect(resume(request), 303, { 'set-cookie': sessionCookieHeader(provider.endpoint, id) })
  }
  const session = provider.sessions.find(readCookie(headers, sessionCookieName))
  if (action === 'allow' && session !== undefined && params.get('form_token') === session.formToken) {
    provider.sessions.consent(session.user, client, scopes)
    return redirect(resume(request), 303)
  }
  throw new Refusal(400, 'access_denied', 'the user refused access')
}

/** `GET|POST /ims/authorize[/v1|/v2|/v3]`; its own forms post to the same address with an `action`. */
export async function authorizeEndpoint(call: EmulatorCall, provider: Provider): Promise<Response> {
  let address: ReturnAddress
  try {
    address = readReturnAddress(call, provider)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    call.notes.push(error.note)
    const links = appLink(call.params.get('redirect_uri'))
    return messagePage({ title: 'Invalid request', text: sentence(error.reason), status: error.status, links })
  }
  try {
    const request = checkRequest(call, address)
    const action = call.method === 'POST' ? call.params.get('action') : null
    return action === null ? await proceed(request, provider) : await submit(request, action, provider)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    call.notes.push(error.note)
    return redirect(sendBack(address, { error: error.error, error_description: error.reason }), 302)
  }
}
