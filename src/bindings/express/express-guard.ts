import {
  type AuthInfo,
  type NodeListener,
  type NodeRequest,
  type RequireTokenOptions,
  requireToken,
} from '../../adapters/worker/exports.ts'
import { nodeListener } from '../../adapters/worker/to-node/node-listener.ts'
import { badOption } from '../../core/options.ts'

/** A guard in front of the routes of an API. */
export interface ExpressGuard extends NodeListener {
  /** Answers requests for the metadata of the option `resource`. For an app whose guard is below a path only. */
  readonly metadata: NodeListener
}

/**
 * Middleware that checks the access token of a request: `req.auth` is what the token says about its caller, and requests
 * without a valid token are rejected as RFC 6750 says.
 *
 * @param options as for `requireToken`
 * @throws {ConfigurationError} `BAD_OPTION`, also if no option says which clients' tokens are accepted
 * @example
 * app.use('/api', expressGuard({ allowList: ['my-client'], scopes: ['openid'] }))
 * app.get('/api/me', (req, res) => res.json({ client: authOf(req).clientId }))
 */
export function expressGuard(options: RequireTokenOptions): ExpressGuard {
  const { authenticate, metadata } = requireToken(options)
  const guard = nodeListener(async (head, { incoming }) => {
    const found = metadata(head) ?? (await authenticate(head))
    if (found instanceof Response) return found
    Object.assign(incoming, { auth: found })
    return undefined
  })
  return Object.assign(guard, { metadata: nodeListener(async (head) => metadata(head)) })
}

/**
 * `req.auth` of a request that a guard accepted, with its type. In Fastify and Koa, pass the raw request.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if no guard accepted the request
 * @example
 * const { clientId, scopes } = authOf(req)
 */
export function authOf(incoming: NodeRequest & { readonly auth?: unknown }): AuthInfo {
  const auth = incoming?.auth
  if (isAuthInfo(auth)) return auth
  throw badOption('This request has not passed a guard; put expressGuard({…}) in front of this route')
}

function isAuthInfo(auth: unknown): auth is AuthInfo {
  return typeof auth === 'object' && auth !== null && 'token' in auth && 'claims' in auth
}
