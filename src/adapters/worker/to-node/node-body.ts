import { badOption } from '../../../core/options.ts'
import type { NodeRequest } from './node-types.ts'

/** What frameworks add to Node's request. */
interface Parsed extends NodeRequest {
  readonly body?: unknown
  readonly rawBody?: unknown
  readonly readableDidRead?: boolean
  readonly readableEnded?: boolean
  readonly httpVersionMajor?: number
}

/** The body of a request, and whether a body parser has already read and decoded it. */
export interface NodeBody {
  readonly content: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | string | undefined
  readonly parsed: boolean
}

/** @throws {ConfigurationError} `BAD_OPTION` if a body parser has read the body, and what it left is not the same body */
export function bodyOf(incoming: NodeRequest): NodeBody {
  const { method, headers, httpVersionMajor = 1, readableDidRead, readableEnded, body, rawBody }: Parsed = incoming
  if (method === 'GET' || method === 'HEAD') return { content: undefined, parsed: false }
  const announced = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  // HTTP/2 needs neither header for a body
  if (!announced && httpVersionMajor < 2) return { content: undefined, parsed: false }
  if (!readableDidRead && !readableEnded) return { content: streamOf(incoming), parsed: false }
  if (rawBody instanceof Uint8Array) return { content: new Uint8Array(rawBody), parsed: true }
  return { content: encode(body, String(headers['content-type'])), parsed: true }
}

/** What a body parser made of the body, as the body that it was made of. */
function encode(body: unknown, type: string): Uint8Array<ArrayBuffer> | string {
  if (body instanceof Uint8Array) return new Uint8Array(body)
  if (/^[\w.+-]+\/(?:[\w.+-]+\+)?json\b/i.test(type) && body !== undefined) return JSON.stringify(body)
  if (typeof body === 'string') return body
  const fields = /^application\/x-www-form-urlencoded\b/i.test(type) ? fieldsOf(body) : undefined
  if (fields !== undefined) return new URLSearchParams(fields).toString()
  throw badOption(
    'The body of this request was read before; put the handler before the body parser, or have the parser store the bytes as rawBody',
  )
}

/** The fields of a parsed form; `undefined` if one of them is not text: the parser's syntax for nested fields is unknown. */
function fieldsOf(body: unknown): [string, string][] | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const fields = Object.entries(body).flatMap(([name, value]) => [value].flat().map((each) => [name, each] as const))
  const isText = (field: readonly [string, unknown]): field is [string, string] => typeof field[1] === 'string'
  return fields.every(isText) ? fields : undefined
}

function streamOf(incoming: NodeRequest): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]()
  // what is not read is left to Node: to return from the iterator would close the connection before the response
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array))
    },
  })
}
