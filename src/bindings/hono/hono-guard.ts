import type { Env, MiddlewareHandler } from 'hono'
import { type AuthInfo, type RequireTokenOptions, requireToken } from '../../adapters/worker/exports.ts'
import { createOnce, type OptionsOf } from './once.ts'

type WithAuth = { Variables: { auth: AuthInfo } }

/** A guard in front of the routes of an API. */
export interface HonoGuard<E extends Env = Env> extends MiddlewareHandler<E & WithAuth> {
  /** Answers requests for the metadata of the option `resource`. For an app whose guard is below a path only. */
  readonly metadata: MiddlewareHandler<E>
}

/**
 * Middleware that checks the access token of a request: `c.get('auth')` is what the token says about its caller, and
 * requests without a valid token are rejected as RFC 6750 says.
 *
 * @param options as for `requireToken`, or a function that returns them at the first request
 * @throws {ConfigurationError} `BAD_OPTION`, also if no option says which clients' tokens are accepted
 * @example
 * app.use('/api/*', honoGuard({ allowList: ['my-client'], scopes: ['openid'] }))
 * app.get('/api/me', (c) => c.json({ client: c.get('auth').clientId }))
 * @example
 * app.use('/api/*', honoGuard<{ Bindings: Env }>((c) => ({ allowList: [c.env.CALLER] }))) // in a Worker
 */
export function honoGuard<E extends Env = Env>(options: OptionsOf<RequireTokenOptions, E>): HonoGuard<E> {
  const guardOf = createOnce(options, requireToken)
  const guard: MiddlewareHandler<E & WithAuth> = async (c, next) => {
    const { authenticate, metadata } = guardOf(c)
    const found = metadata(c.req.raw) ?? (await authenticate(c.req.raw))
    if (found instanceof Response) return found
    c.set('auth', found)
    return next()
  }
  const metadata: MiddlewareHandler<E> = async (c, next) => guardOf(c).metadata(c.req.raw) ?? next()
  return Object.assign(guard, { metadata })
}
