import { badOption, checkOptions, type OptionNames } from '../../../core/options.ts'
import { nodeListener, type Step } from './node-listener.ts'
import { withBody } from './node-request.ts'
import type { NodeListener } from './node-types.ts'

/** What answers a `Request`, such as the result of `createAuthHandler`. */
export interface FetchHandler {
  (request: Request): Response | Promise<Response>
  /** Whether it answers a request. All others are for the next middleware, if there is one. */
  handles?(request: Request): boolean
}

export interface ToNodeOptions {
  /** Receives what the handler throws if no middleware follows. Default: the listener's promise rejects with it. */
  readonly onError?: ((error: unknown) => void) | undefined
}

const optionNames: OptionNames<ToNodeOptions> = { onError: 'function' }

/**
 * Serves a handler by the request and response of Node: a listener for `createServer`, a middleware for Express, and
 * what Fastify, Koa and Nest call with their raw request and response. Uses the body that a body parser left, and
 * refuses the request if that is not the same body.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * createServer(toNode(auth, { onError: console.error })).listen(3000)
 * @example
 * app.use(toNode(auth)) // Express: what `auth` does not handle is for the next middleware
 */
export function toNode(handler: FetchHandler, options: ToNodeOptions = {}): NodeListener {
  if (typeof handler !== 'function') throw badOption('toNode takes a function from Request to Response')
  checkOptions('toNode', options, optionNames)
  const { onError } = options
  const step: Step = async (head, { incoming, hasNext }) => {
    if (hasNext && handler.handles?.(head) === false) return undefined
    return handler(withBody(head, incoming))
  }
  return nodeListener(step, onError)
}
