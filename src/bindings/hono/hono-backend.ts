import type { Context, Env, MiddlewareHandler } from 'hono'
import { type AuthHandlerOptions, type AuthSession, createAuthHandler } from '../../adapters/worker/exports.ts'
import { createOnce, type OptionsOf } from './once.ts'

type WithSession = { Variables: { session: AuthSession } }

/** A backend for a browser app as middleware. */
export interface HonoBackend<E extends Env = Env> extends MiddlewareHandler<E> {
  /** Middleware for routes that need a user: `c.get('session')` has a valid token. Otherwise the user is asked to sign in. */
  readonly requireSession: MiddlewareHandler<E & WithSession>
  /** The session of the user who is signed in, renewed if that is due; `undefined` if no user is. */
  getSession(c: Context<E>): Promise<AuthSession | undefined>
}

/**
 * Middleware that signs users in to a browser app: it answers `/auth/login`, `/auth/callback`, `/auth/logout`,
 * `/auth/session` and the paths of `proxy`, and leaves all others to the app.
 *
 * @param options as for `createAuthHandler`, or a function that returns them at the first request
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * const backend = honoBackend({ flow: authorizationCode({ … }), sessionSecret })
 * app.use(backend)
 * app.get('/inbox', backend.requireSession, (c) => c.text(`Hello ${c.get('session').user?.name}`))
 */
export function honoBackend<E extends Env = Env>(options: OptionsOf<AuthHandlerOptions, E>): HonoBackend<E> {
  const handlerOf = createOnce(options, createAuthHandler)
  const backend: MiddlewareHandler<E> = async (c, next) => {
    const handler = handlerOf(c)
    return handler.handles(c.req.raw) ? handler(await requestOf(c), contextOf(c)) : next()
  }
  const requireSession: MiddlewareHandler<E & WithSession> = async (c, next) => {
    const session = await handlerOf(c).requireSession(c.req.raw, contextOf(c))
    if (session instanceof Response) return session
    c.set('session', session)
    await next()
    await setCookies(c, session)
    return undefined
  }
  const getSession = async (c: Context<E>) => {
    const session = await handlerOf(c).getSession(c.req.raw, contextOf(c))
    if (session !== undefined) await setCookies(c, session)
    return session
  }
  return Object.assign(backend, { requireSession, getSession })
}

async function setCookies(c: Context, session: AuthSession): Promise<void> {
  for (const line of await session.cookies()) c.header('set-cookie', line, { append: true })
}

/** The request with the body that an earlier middleware may have read. */
async function requestOf({ req }: Context): Promise<Request> {
  const { raw } = req
  if (!raw.bodyUsed) return raw
  const { method, headers, signal } = raw
  return new Request(raw.url, { method, headers, signal, body: await req.arrayBuffer() })
}

/** What the runtime passed together with the request; Hono throws if it passed nothing. */
function contextOf(c: Context): unknown {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
