import { createClient } from '../../../core/client.ts'
import { isImsError } from '../../../core/errors.ts'
import { memoryPlatform } from '../../../core/memory.ts'
import { requireRequest } from '../require-arguments.ts'
import { failure, json, refusal, wrongMethod } from './auth-handler-answers.ts'
import { beginLogin, endLogin } from './auth-handler-login.ts'
import { type AuthHandlerOptions, checkOrigin, type HandlerSetup, handlerSetup } from './auth-handler-options.ts'
import { requestCookies } from './cookies.ts'
import { forgetReturns } from './login-loop.ts'
import { forward } from './proxy.ts'
import { destinationOf } from './proxy-rules.ts'
import { isFromOrigin, isSameText } from './same-origin.ts'
import {
  type AuthSession,
  currentSession,
  type Exchange,
  type OpenSession,
  readSession,
  type SessionContext,
  withCookies,
} from './session.ts'

/** A backend for a page: signs people in, keeps their tokens from the page, and calls APIs for it. */
export interface AuthHandler {
  /**
   * Answers a request; one that is not its own with a 404.
   *
   * @param context what the runtime gave beside the request: its `waitUntil` is used where it has one
   */
  (request: Request, context?: unknown): Promise<Response>
  /** Whether a request is one that it answers. */
  handles(request: Request): boolean
  /**
   * The session of the user who is signed in, renewed if that is due; `undefined` if no user is.
   *
   * @param context what the runtime gave beside the request, or `{ readOnly: true }` if the response cannot set cookies
   * @throws {UnavailableError} `STORE_FAILED`
   */
  getSession(request: Request, context?: SessionContext): Promise<AuthSession | undefined>
  getSession(request: Request, context?: unknown): Promise<AuthSession | undefined>
}

/** A request at the address that browsers see. */
export interface Arrived extends Exchange {
  readonly request: Request
  readonly url: URL
}

type Answer = (setup: HandlerSetup, arrived: Arrived) => Promise<Response>

/**
 * Signs people in for a page that never gets a token: `/auth/login`, `/auth/callback`, `/auth/logout` and
 * `/auth/session`, and the paths of `proxy`. Cheap to make; one per isolate or process is enough.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function createAuthHandler(options: AuthHandlerOptions): AuthHandler {
  const setup = handlerSetup(options)
  const { basePath, redirectUri, routes } = setup
  const callbackPath = redirectUri === undefined ? `${basePath}/callback` : new URL(redirectUri).pathname
  const answers = new Map<string, Answer>([
    [`${basePath}/login`, beginLogin],
    [`${basePath}/logout`, logout],
    [`${basePath}/session`, tellSession],
    [callbackPath, endLogin],
  ])
  const answerTo = (request: Request): Answer | undefined => {
    requireRequest('the handler', request)
    const url = new URL(request.url)
    return answers.get(url.pathname) ?? (destinationOf(url, routes) === undefined ? undefined : callApi)
  }

  async function handle(request: Request, context?: unknown): Promise<Response> {
    const answer = answerTo(request)
    if (answer === undefined) return refusal(404, 'not_found', 'there is nothing here')
    let arrived: Arrived | undefined
    let response: Response
    try {
      arrived = arrive(setup, request, context)
      response = await answer(setup, arrived)
    } catch (error) {
      response = failure(error)
    }
    return withCookies(response, arrived?.cookies.lines() ?? [])
  }
  return Object.assign(handle, {
    handles: (request: Request) => answerTo(request) !== undefined,
    getSession: async (request: Request, context?: unknown) => {
      requireRequest('getSession', request)
      return renewedSession(setup, arrive(setup, request, context))
    },
  })
}

function arrive({ origin: known, insecure }: HandlerSetup, request: Request, context: unknown): Arrived {
  const { origin: asked, pathname, search } = new URL(request.url)
  const origin = known ?? asked
  if (known === undefined) checkOrigin(origin, insecure)
  // part by part: a path may begin with two slashes
  const url = new URL(origin)
  url.pathname = pathname
  url.search = search
  const cookies = requestCookies(request.headers.get('cookie'), { secure: url.protocol === 'https:' })
  return { request, url, context, cookies }
}

/** A later call may find the response under way, and could then set no cookie any more. */
async function renewedSession(setup: HandlerSetup, arrived: Arrived): Promise<OpenSession | undefined> {
  const session = await currentSession(setup, arrived)
  try {
    if (session?.canRenew()) await session.getToken()
  } catch (error) {
    // a caller that needs a token gets the error when it asks for one
    if (!isImsError(error)) throw error
  }
  return session
}

/** `GET /auth/session`: who is signed in, for the page. */
async function tellSession(setup: HandlerSetup, arrived: Arrived): Promise<Response> {
  const { request, url } = arrived
  if (request.method !== 'GET') return wrongMethod('GET')
  // one who types the address may see it too
  if (!isFromOrigin(request, url.origin) && request.headers.get('sec-fetch-site') !== 'none') return foreign()
  const session = await currentSession(setup, arrived)
  if (session === undefined) return json({ signedIn: false })
  const signedIn = await isAlive(session)
  await session.settle()
  if (!signedIn) return json({ signedIn: false })
  forgetReturns(arrived.cookies)
  const { user = null, expiresAt, csrfToken } = session
  return json({ signedIn: true, user, expiresAt, csrfToken })
}

async function isAlive(session: OpenSession): Promise<boolean> {
  try {
    await session.getToken()
    return true
  } catch (error) {
    if (!isImsError(error)) throw error
    if (error.name === 'LoginRequiredError') return false
    // IMS being out of reach ends no session
    const unknown = error.code === 'STORE_FAILED' || error.code === 'SESSION_OUTDATED'
    if (error.name === 'UnavailableError' && !unknown) return true
    throw error
  }
}

/** `POST /auth/logout`: ends the session here and its tokens at IMS; says where the page can end the one at IMS too. */
async function logout(setup: HandlerSetup, arrived: Arrived): Promise<Response> {
  const { request, url } = arrived
  if (request.method !== 'POST') return wrongMethod('POST')
  const session = await readSession(setup, arrived)
  const refused = refuseForged(arrived, session)
  if (refused !== undefined) return refused
  const everywhere = url.searchParams.get('everywhere') === 'true'
  if (everywhere && setup.store === undefined)
    return refusal(400, 'bad_request', 'sessions elsewhere can only be ended where a store knows of them')
  const redirectUri = url.origin + setup.afterLogout
  const ended = session && (await endSession(setup, session, { everywhere, redirectUri }))
  const { flow, client } = setup
  const logoutUrl =
    ended ??
    (await createClient({ ...client, flow, ...memoryPlatform() }).logout({ postLogoutRedirectUri: redirectUri }))
  return json({ logoutUrl: logoutUrl.href })
}

/**
 * Whatever fails here: the cookie goes, and so do the tokens wherever they can be reached. Resolves to where the person's
 * session at IMS ends, where the tokens' own client could say so.
 */
async function endSession(
  setup: HandlerSetup,
  session: OpenSession,
  { everywhere, redirectUri }: { readonly everywhere: boolean; readonly redirectUri: string },
): Promise<URL | undefined> {
  const { content, client } = session
  const { ended, clock, maxAge } = setup
  session.drop()
  const report = (error: unknown) => {
    const known = isImsError(error) ? error : undefined
    const message = known?.message ?? 'unexpected'
    setup.client.onEvent?.({ type: 'error', code: known?.code, message, during: 'signing out' })
    return undefined
  }
  // noted first: a renewal that is under way is not to bring it back
  await ended.end(content, content.startedAt + maxAge).catch(report)
  if (everywhere) await ended.endAll(content, clock.now() + maxAge).catch(report)
  const address = await client.logout({ postLogoutRedirectUri: redirectUri }).catch(report)
  await session.settle()
  return address
}

/** Any path of `proxy`. */
async function callApi(setup: HandlerSetup, arrived: Arrived): Promise<Response> {
  const { request, url } = arrived
  const destination = destinationOf(url, setup.routes)
  if (destination === undefined || destination === 'unsafe')
    return refusal(400, 'bad_request', 'the path can be read in more than one way')
  const forged = refuseForged(arrived, undefined)
  if (forged !== undefined) return forged
  const session = await currentSession(setup, arrived)
  if (session === undefined) return refusal(401, 'LOGIN_REQUIRED', 'nobody is signed in')
  const refused = refuseForged(arrived, session)
  if (refused !== undefined) return refused
  const response = await forward(session, request, destination)
  await session.settle()
  return response
}

/** An answer to what another site made a browser send; `undefined` where a page of this site sent it. */
function refuseForged({ request, url }: Arrived, session: OpenSession | undefined): Response | undefined {
  const token = request.headers.get('x-csrf-token') ?? ''
  if (!isFromOrigin(request, url.origin) || token === '') return foreign()
  if (session === undefined || isSameText(token, session.csrfToken)) return undefined
  return refusal(403, 'csrf_token', 'the x-csrf-token is that of another session; ask for the session again')
}

function foreign(): Response {
  return refusal(403, 'cross_site', 'this needs the x-csrf-token of the session, from a page of this site')
}
