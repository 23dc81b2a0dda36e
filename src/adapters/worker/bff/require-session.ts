import { type AnyImsError, isImsError } from '../../../core/errors.ts'
import { explainError } from '../../../core/explain-error.ts'
import type { HandlerSetup } from './auth-handler-options.ts'
import { isFromOrigin } from './csrf.ts'
import { rejectCrossSite } from './csrf-responses.ts'
import type { HandlerRequest } from './handler-request.ts'
import { forgetReturns } from './login-loop.ts'
import { errorResponse, htmlPage, redirectTo, reject, retryAfter, statusOf } from './responses.ts'
import { type AuthSession, currentSession, type OpenSession, withCookies } from './session.ts'

/** The session of a request with a valid token, or the response that the user gets instead. */
export async function requireSession(setup: HandlerSetup, received: HandlerRequest): Promise<AuthSession | Response> {
  const { request, url, cookies } = received
  const changes = request.method !== 'GET' && request.method !== 'HEAD'
  if (changes && !isFromOrigin(request, url.origin)) return rejectCrossSite()
  let session: OpenSession | undefined
  let response: Response
  try {
    session = await currentSession(setup, received)
    await session?.getToken()
    if (session !== undefined) {
      forgetReturns(cookies)
      return session
    }
    response = loginRequired(setup, received)
  } catch (error) {
    if (!isImsError(error)) throw error
    const signedOut = error.name === 'LoginRequiredError'
    response = signedOut ? loginRequired(setup, received) : failed(error, received)
  }
  await session?.updateCookie()
  return withCookies(response, cookies.lines())
}

/** Redirects a navigation to the login, from which the user returns to the same address; a script gets the status 401. */
function loginRequired({ basePath }: HandlerSetup, { request, url }: HandlerRequest): Response {
  if (!isNavigation(request)) return reject(401, { error: 'LOGIN_REQUIRED', message: 'No user is signed in' })
  const returnTo = url.pathname + url.search
  return redirectTo(`${basePath}/login?${new URLSearchParams({ returnTo })}`)
}

function failed(error: AnyImsError, { request, url }: HandlerRequest): Response {
  if (!isNavigation(request)) return errorResponse(error)
  const text = explainError(error) ?? ''
  const links = [{ href: url.href, label: 'Try again' }]
  return htmlPage(statusOf(error), { title: 'This page cannot be shown', text, links }, retryAfter(error))
}

/** Whether a browser loads the response as a page that the user sees. */
function isNavigation({ method, headers }: Request): boolean {
  if (method !== 'GET' || headers.get('sec-purpose')?.includes('prefetch')) return false
  const mode = headers.get('sec-fetch-mode')
  if (mode !== null) return mode === 'navigate' && headers.get('sec-fetch-dest') === 'document'
  return headers.get('accept')?.includes('text/html') ?? false
}
