import { badOption } from '../../../core/options.ts'
import { reject } from '../bff/responses.ts'
import { headOf } from './node-request.ts'
import { sendResponse } from './node-response.ts'
import type { NodeListener, NodeRequest, NodeResponse } from './node-types.ts'

/** One request of Node. */
export interface NodeCall {
  readonly incoming: NodeRequest
  readonly outgoing: NodeResponse
  /** Whether a middleware follows. */
  readonly hasNext: boolean
}

/** The response to a request, whose body is not read yet; `undefined` if it is for the next middleware. */
export type Step = (head: Request, call: NodeCall) => Promise<Response | undefined>

/** A listener that does `step`; `onError` receives what it throws if no middleware follows. */
export function nodeListener(step: Step, onError?: (error: unknown) => void): NodeListener {
  return async (incoming, outgoing, next) => {
    requireNode(incoming, outgoing)
    const gone = new AbortController()
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    let response: Response | undefined
    try {
      const head = headOf(incoming, gone.signal)
      response =
        head === undefined ? badRequest() : await step(head, { incoming, outgoing, hasNext: next !== undefined })
      if (response !== undefined) await sendResponse(response, outgoing, incoming.method)
    } catch (error) {
      // no client is there to receive a response
      if (gone.signal.aborted || outgoing.destroyed) return
      if (next !== undefined) return next(error)
      fail(outgoing)
      if (onError === undefined) throw error
      onError(error)
      return
    }
    // outside of the catch: what the next middleware throws is not for this one
    if (response === undefined) next?.()
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
  throw badOption('This function takes the request and response of Node: of Fastify and Koa, pass the raw ones')
}
