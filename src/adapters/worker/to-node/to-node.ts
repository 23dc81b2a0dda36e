import { badOption, checkOptions, type OptionNames } from '../../../core/options.ts'
import { reject } from '../bff/responses.ts'
import { headOf, withBody } from './node-request.ts'
import { sendResponse } from './node-response.ts'
import type { NodeListener, NodeRequest, NodeResponse } from './node-types.ts'

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

const optionNames: OptionNames<ToNodeOptions> = { onError: 1 }

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
  return async (incoming, outgoing, next) => {
    requireNode(incoming, outgoing)
    const gone = new AbortController()
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    try {
      const head = headOf(incoming, gone.signal)
      if (head === undefined) await sendResponse(badRequest(), outgoing, incoming.method)
      else if (next !== undefined && handler.handles?.(head) === false) next()
      else await sendResponse(await handler(withBody(head, incoming)), outgoing, incoming.method)
    } catch (error) {
      // no client is there to receive a response
      if (gone.signal.aborted || outgoing.destroyed) return
      if (next !== undefined) return next(error)
      fail(outgoing)
      if (onError === undefined) throw error
      onError(error)
    }
  }
}

const badRequest = () => reject(400, { error: 'bad_request', message: 'This is not a request for this server' })

/** Sends the status 500, without the reason. */
function fail(outgoing: NodeResponse): void {
  if (outgoing.headersSent) outgoing.destroy()
  else {
    outgoing.statusCode = 500
    outgoing.end()
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` */
function requireNode(incoming: NodeRequest, outgoing: NodeResponse): void {
  if (typeof incoming?.headers === 'object' && typeof outgoing?.setHeader === 'function') return
  throw badOption('toNode makes a function of Node’s request and response: of Fastify and Koa, pass the raw ones')
}
