import {
  type AuthHandlerOptions,
  type AuthSession,
  createAuthHandler,
  type NodeListener,
  type NodeRequest,
  type NodeResponse,
  toNode,
} from '../../adapters/worker/exports.ts'
import { nodeListener } from '../../adapters/worker/to-node/node-listener.ts'
import { headOf } from '../../adapters/worker/to-node/node-request.ts'
import { addCookies } from '../../adapters/worker/to-node/node-response.ts'
import { badOption } from '../../core/options.ts'

/** A backend for a browser app as middleware. */
export interface ExpressBackend extends NodeListener {
  /** Middleware for routes that need a user: `sessionOf(req)` has a valid token. Otherwise the user is asked to sign in. */
  readonly requireSession: NodeListener
  /**
   * The session of the user who is signed in, renewed if that is due; `undefined` if no user is. Call it before the
   * response starts, because it may set cookies.
   */
  getSession(incoming: NodeRequest, outgoing: NodeResponse): Promise<AuthSession | undefined>
}

const sessions = /* @__PURE__ */ new WeakMap<object, AuthSession>()

/**
 * Middleware that signs users in to a browser app: it answers `/auth/login`, `/auth/callback`, `/auth/logout`,
 * `/auth/session` and the paths of `proxy`, and leaves all others to the app.
 *
 * @param options as for `createAuthHandler`
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * const backend = expressBackend({ flow: authorizationCode({ … }), sessionSecret })
 * app.use(backend)
 * app.get('/inbox', backend.requireSession, (req, res) => res.send(`Hello ${sessionOf(req).user?.name}`))
 */
export function expressBackend(options: AuthHandlerOptions): ExpressBackend {
  const handler = createAuthHandler(options)
  const requireSession = nodeListener(async (head, { incoming, outgoing }) => {
    const session = await handler.requireSession(head)
    if (session instanceof Response) return session
    await openFor(incoming, outgoing, session)
    return undefined
  })
  const getSession = async (incoming: NodeRequest, outgoing: NodeResponse) => {
    if (typeof incoming?.headers !== 'object' || typeof outgoing?.setHeader !== 'function')
      throw badOption('getSession takes the request and the response of Express')
    const head = headOf(incoming)
    const session = head && (await handler.getSession(head))
    if (session !== undefined) await openFor(incoming, outgoing, session)
    return session
  }
  return Object.assign(toNode(handler), { requireSession, getSession })
}

/** Sets the cookies of a renewal now, as Express cannot set them once the response has started. */
async function openFor(incoming: NodeRequest, outgoing: NodeResponse, session: AuthSession): Promise<void> {
  sessions.set(incoming, session)
  addCookies(outgoing, await session.cookies())
}

/**
 * The session of a request that `requireSession` accepted. In Fastify and Koa, pass the raw request.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if `requireSession` is not in front of the route
 * @example
 * const token = await sessionOf(req).getToken()
 */
export function sessionOf(incoming: NodeRequest): AuthSession {
  const session = sessions.get(incoming)
  if (session !== undefined) return session
  throw badOption('This request has no session; put requireSession of expressBackend({…}) in front of this route')
}
