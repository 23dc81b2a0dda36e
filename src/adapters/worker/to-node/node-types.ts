// the parts of Node's request and response that imskit uses, so that its types need neither Node's nor a framework's

/** The request of `node:http`, `node:http2` or Express. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly rawHeaders?: readonly string[] | undefined
}

/** The response of `node:http`, `node:http2` or Express. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  readonly writableFinished: boolean
  readonly destroyed: boolean
  getHeader(name: string): unknown
  setHeader(name: string, value: string | readonly string[]): unknown
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  on(event: 'close' | 'drain', listener: () => void): unknown
  off(event: 'close' | 'drain', listener: () => void): unknown
}

/** Continues with the next middleware, or reports an error to the framework. */
export type NodeNext = (error?: unknown) => void

/** A listener for `createServer` of Node, which is also a middleware for Express and Connect. */
export type NodeListener = (incoming: NodeRequest, outgoing: NodeResponse, next?: NodeNext) => Promise<void>
