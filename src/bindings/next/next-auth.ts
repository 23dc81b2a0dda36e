import {
  type AuthHandler,
  type AuthHandlerOptions,
  type AuthSession,
  createAuthHandler,
  isImsError,
} from '../../adapters/worker/exports.ts'
import { badOption } from '../../core/options.ts'
import { withSetCookies } from './forwarded-cookies.ts'
import { requestInBrowser } from './request-in-browser.ts'

/** The session of the user who is signed in, in code that cannot set cookies, such as a server component. */
export type NextSession = Omit<AuthSession, 'cookies' | 'apply'>

/** What {@link createNextAuth} returns; each member works on its own. */
export interface NextAuth {
  /** Answers `/auth/login`, `/auth/callback` and `/auth/session`: export it from `app/auth/[...ims]/route.ts`. */
  GET(request: Request): Promise<Response>
  /** Answers `/auth/logout`: export it from the same file. It also answers the other methods of an API in the option `proxy`. */
  POST(request: Request): Promise<Response>
  /**
   * Renews the session if that is due, and passes the request on with the new cookies: export it from `proxy.ts`. It
   * never answers a request itself.
   *
   * @param event what Next passes together with the request
   */
  proxy(request: Request, event?: unknown): Promise<Response>
  /**
   * The session of the user who is signed in; `undefined` if no user is. It only reads: `proxy` has renewed it before.
   * Works in server components, route handlers and server actions.
   *
   * @throws {UnavailableError} `STORE_FAILED`
   */
  getSession(): Promise<NextSession | undefined>
  /**
   * For a route handler: the session with a valid token, or the response to return instead, such as 401 if no user is
   * signed in, and 503 if IMS or the store does not answer.
   *
   * @example
   * const session = await requireSession(request)
   * if (session instanceof Response) return session
   */
  requireSession(request: Request): Promise<NextSession | Response>
}

/**
 * Signs users in to a Next app: the browser never receives a token.
 *
 * @param options as for `createAuthHandler`, with the origin of the site; or a function that returns them at the first
 *   request, if the environment of the build lacks them
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * export const { GET, POST, proxy, getSession, requireSession } = createNextAuth(() => ({
 *   flow: authorizationCode({ …, redirectUri: 'https://app.example/auth/callback' }),
 *   sessionSecret: process.env.SESSION_SECRET,
 * }))
 */
export function createNextAuth(options: AuthHandlerOptions | (() => AuthHandlerOptions)): NextAuth {
  let created = typeof options === 'function' ? undefined : setUp(options)
  const setup = () => {
    created ??= setUp(typeof options === 'function' ? options() : options)
    return created
  }
  const sessions = new WeakMap<object, Promise<NextSession | undefined>>()
  const answer = async (request: Request) => {
    await dynamic()
    const { handler, basePath } = setup()
    return handler(requestInBrowser(handler, request, basePath) ?? request)
  }
  return {
    GET: answer,
    POST: answer,
    proxy: async (request, event) => passOn(setup(), request, event),
    getSession: () => readSession(setup, sessions),
    async requireSession(request) {
      await dynamic()
      return setup().handler.requireSession(request, { readOnly: true })
    },
  }
}

interface Setup {
  readonly handler: AuthHandler
  readonly basePath: string
}

/** @throws {ConfigurationError} `BAD_OPTION` */
function setUp(options: AuthHandlerOptions): Setup {
  const handler = createAuthHandler(options)
  const { origin, flow, basePath = '/auth' } = options
  // the address of a request of Next is that of its own server, not the one in the browser
  if (origin === undefined && (flow.redirectUri ?? '/').startsWith('/'))
    throw badOption(
      "The origin of this site is not known; pass a flow with an absolute redirectUri, or set origin to 'https://app.example'",
    )
  return { handler, basePath }
}

async function passOn({ handler, basePath }: Setup, request: Request, event: unknown): Promise<Response> {
  const { NextResponse } = await import('next/server.js')
  const isForHandler = requestInBrowser(handler, request, basePath) !== undefined
  const lines = isForHandler ? [] : await renewedCookies(handler, request, event)
  if (lines.length === 0) return NextResponse.next()
  const headers = new Headers(request.headers)
  headers.set('cookie', withSetCookies(headers.get('cookie'), lines))
  const response = NextResponse.next({ request: { headers } })
  for (const line of lines) response.headers.append('set-cookie', line)
  // also a page that was rendered at build time now has the cookies of one user
  response.headers.set('cache-control', 'private, no-store')
  return response
}

/** Renews the session of a request if that is due; the lines of the cookies that changed. */
async function renewedCookies(handler: AuthHandler, request: Request, event: unknown): Promise<string[]> {
  try {
    const session = await handler.getSession(request, event)
    return (await session?.cookies()) ?? []
  } catch (error) {
    // pages that need no session must work without the store; to the others getSession reports it
    if (isImsError(error) && error.name === 'UnavailableError') return []
    throw error
  }
}

async function readSession(
  setup: () => Setup,
  sessions: WeakMap<object, Promise<NextSession | undefined>>,
): Promise<NextSession | undefined> {
  await dynamic()
  const { headers } = await import('next/headers.js')
  const sent = await headers()
  // the components of a page share one session
  const session = sessions.get(sent) ?? sessionOf(setup().handler, sent.get('cookie'))
  sessions.set(sent, session)
  return session
}

async function sessionOf(handler: AuthHandler, cookie: string | null): Promise<NextSession | undefined> {
  const request = new Request('https://this.site/', { headers: { cookie: cookie ?? '' } })
  return handler.getSession(request, { readOnly: true })
}

/** Without it, Next would run the code that follows at build time. */
async function dynamic(): Promise<void> {
  const { connection } = await import('next/server.js')
  await connection()
}
