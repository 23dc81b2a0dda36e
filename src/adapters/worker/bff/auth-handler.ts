import { isImsError } from '../../../core/errors.ts'
import { requireRequest } from '../require-arguments.ts'
import { handleCallback, handleLogin } from './auth-handler-login.ts'
import { handleLogout } from './auth-handler-logout.ts'
import { type AuthHandlerOptions, type HandlerSetup, handlerSetup } from './auth-handler-options.ts'
import { isFromOrigin } from './csrf.ts'
import { rejectCrossSite, rejectForged } from './csrf-responses.ts'
import { type HandlerRequest, handlerRequest } from './handler-request.ts'
import { forgetReturns } from './login-loop.ts'
import { forward } from './proxy.ts'
import { destinationOf } from './proxy-rules.ts'
import { requireSession } from './require-session.ts'
import { errorResponse, jsonResponse, methodNotAllowed, reject } from './responses.ts'
import { type AuthSession, currentSession, type OpenSession, type SessionContext, withCookies } from './session.ts'

/** A backend for a browser app: signs users in, stores their tokens out of the app's reach, and calls APIs for it. */
export interface AuthHandler {
  /**
   * Answers a request; with a 404 if it is not one of this handler's.
   *
   * @param context what the runtime passed together with the request; its `waitUntil` is used if there is one
   */
  (request: Request, context?: unknown): Promise<Response>
  /** Whether the handler answers a request. */
  handles(request: Request): boolean
  /**
   * The session of the user who is signed in, renewed if that is due; `undefined` if no user is.
   *
   * @param context what the runtime passed together with the request, or `{ readOnly: true }` if the response cannot set
   *   cookies
   * @throws {UnavailableError} `STORE_FAILED`
   */
  getSession(request: Request, context?: SessionContext): Promise<AuthSession | undefined>
  getSession(request: Request, context?: unknown): Promise<AuthSession | undefined>
  /**
   * The session of a request with a valid token, or the response to return instead: a navigation is redirected to the
   * login and returns to the same address, a script gets the status 401, and 503 if IMS or the store does not answer. A
   * request of another site that may change something gets 403.
   *
   * @param context as for `getSession`
   * @example
   * const session = await auth.requireSession(request, ctx)
   * if (session instanceof Response) return session
   * return session.apply(new Response(`Hello ${session.user?.name}`))
   */
  requireSession(request: Request, context?: SessionContext): Promise<AuthSession | Response>
  requireSession(request: Request, context?: unknown): Promise<AuthSession | Response>
}

type Endpoint = (setup: HandlerSetup, received: HandlerRequest) => Promise<Response>

/**
 * Signs users in to a browser app that never receives a token: `/auth/login`, `/auth/callback`, `/auth/logout` and
 * `/auth/session`, and the paths of `proxy`. Cheap to create; one per isolate or process is enough.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * const auth = createAuthHandler({ flow: authorizationCode({ … }), sessionSecret: env.SESSION_SECRET })
 * if (auth.handles(request)) return auth(request, ctx)
 */
export function createAuthHandler(options: AuthHandlerOptions): AuthHandler {
  const setup = handlerSetup(options)
  const { basePath, redirectUri, routes } = setup
  const callbackPath =
    redirectUri === undefined ? `${basePath}/callback` : new URL(redirectUri, 'https://this.site').pathname
  const endpoints = new Map<string, Endpoint>([
    [`${basePath}/login`, handleLogin],
    [`${basePath}/logout`, handleLogout],
    [`${basePath}/session`, handleSession],
    [callbackPath, handleCallback],
  ])
  const endpointFor = (request: Request): Endpoint | undefined => {
    requireRequest('the handler', request)
    const url = new URL(request.url)
    return endpoints.get(url.pathname) ?? (destinationOf(url, routes) === undefined ? undefined : handleApiCall)
  }

  async function handle(request: Request, context?: unknown): Promise<Response> {
    const endpoint = endpointFor(request)
    if (endpoint === undefined) return reject(404, { error: 'not_found', message: 'This path is not known' })
    let received: HandlerRequest | undefined
    let response: Response
    try {
      received = handlerRequest(setup, request, context)
      response = await endpoint(setup, received)
    } catch (error) {
      response = errorResponse(error)
    }
    return withCookies(response, received?.cookies.lines() ?? [])
  }
  return Object.assign(handle, {
    handles: (request: Request) => endpointFor(request) !== undefined,
    getSession: async (request: Request, context?: unknown) => {
      requireRequest('getSession', request)
      return renewedSession(setup, handlerRequest(setup, request, context))
    },
    requireSession: async (request: Request, context?: unknown) => {
      requireRequest('requireSession', request)
      return requireSession(setup, handlerRequest(setup, request, context))
    },
  })
}

/** Renews at once: at a later call, the response may have started already and could not set a cookie. */
async function renewedSession(setup: HandlerSetup, received: HandlerRequest): Promise<OpenSession | undefined> {
  const session = await currentSession(setup, received)
  try {
    if (session?.canRenew()) await session.getToken()
  } catch (error) {
    // the caller gets this error when it calls getToken
    if (!isImsError(error)) throw error
  }
  return session
}

/** `GET /auth/session`: the user who is signed in, for the browser app. */
async function handleSession(setup: HandlerSetup, received: HandlerRequest): Promise<Response> {
  const { request, url } = received
  if (request.method !== 'GET') return methodNotAllowed('GET')
  // a user may also enter the address in the browser
  if (!isFromOrigin(request, url.origin) && request.headers.get('sec-fetch-site') !== 'none') return rejectCrossSite()
  const session = await currentSession(setup, received)
  if (session === undefined) return jsonResponse({ signedIn: false })
  const signedIn = await isSignedIn(session)
  await session.updateCookie()
  if (!signedIn) return jsonResponse({ signedIn: false })
  forgetReturns(received.cookies)
  const { user = null, expiresAt, csrfToken } = session
  return jsonResponse({ signedIn: true, user, expiresAt, csrfToken })
}

async function isSignedIn(session: OpenSession): Promise<boolean> {
  try {
    await session.getToken()
    return true
  } catch (error) {
    if (!isImsError(error)) throw error
    if (error.name === 'LoginRequiredError') return false
    // an outage of IMS signs no user out
    const unknown = error.code === 'STORE_FAILED' || error.code === 'SESSION_OUTDATED'
    if (error.name === 'UnavailableError' && !unknown) return true
    throw error
  }
}

/** Any path of `proxy`. */
async function handleApiCall(setup: HandlerSetup, received: HandlerRequest): Promise<Response> {
  const { request, url } = received
  const destination = destinationOf(url, setup.routes)
  if (destination === undefined || destination === 'unsafe')
    return reject(400, { error: 'bad_request', message: 'The path is ambiguous' })
  const forged = rejectForged(received, undefined)
  if (forged !== undefined) return forged
  const session = await currentSession(setup, received)
  if (session === undefined) return reject(401, { error: 'LOGIN_REQUIRED', message: 'No user is signed in' })
  const rejected = rejectForged(received, session)
  if (rejected !== undefined) return rejected
  const response = await forward(session, request, destination)
  await session.updateCookie()
  return response
}
