import { bodyOf } from './node-body.ts'
import type { NodeRequest } from './node-types.ts'

/** What frameworks and sockets add to Node's request. */
interface Received extends NodeRequest {
  /** With the path under which Express mounted the middleware. */
  readonly originalUrl?: string
  /** Of Express, which asks its setting `trust proxy`. */
  readonly protocol?: string
  readonly socket?: { readonly encrypted?: boolean }
}

// they are about the bytes that a body parser has decoded
const ofBytes = ['content-length', 'content-encoding', 'content-md5', 'content-digest', 'digest', 'repr-digest']

/** Node's request as a `Request` without body; `undefined` if it cannot be one, such as `TRACE` or a malformed `Host`. */
export function headOf(incoming: NodeRequest, signal?: AbortSignal): Request | undefined {
  const url = urlOf(incoming)
  const { method = 'GET' } = incoming
  if (url === undefined || /^(?:connect|trace|track)$/i.test(method)) return undefined
  return new Request(url, { method, headers: headersOf(incoming), ...(signal && { signal }) })
}

/** @throws {ConfigurationError} `BAD_OPTION` if the body was read and cannot be restored */
export function withBody(head: Request, incoming: NodeRequest): Request {
  const { content, parsed } = bodyOf(incoming)
  if (parsed) for (const name of ofBytes) head.headers.delete(name)
  if (content === undefined) return head
  const type = head.headers.get('content-type')
  // text that a parser decoded is encoded as UTF-8 again
  if (parsed && type !== null) head.headers.set('content-type', type.replace(/(charset=)[^;]*/i, '$1utf-8'))
  const init = { body: content, duplex: 'half' }
  return new Request(head, init)
}

function urlOf(incoming: NodeRequest): URL | undefined {
  const { headers, url = '/', originalUrl = url, protocol, socket }: Received = incoming
  const host = headers[':authority'] ?? headers.host ?? 'localhost'
  if (typeof host !== 'string' || !/^[\w.-]+(?::\d+)?$|^\[[\da-f:.]+\](?::\d+)?$/i.test(host)) return undefined
  const scheme = protocol === 'https' || socket?.encrypted ? 'https' : 'http'
  // a request line may have a whole address (RFC 9112, section 3.2.2), but no other host than its Host
  const path = originalUrl.startsWith('/') ? originalUrl : originalUrl.replace(/^https?:\/\/[^/?#]*/i, '')
  const address = `${scheme}://${host}${path.startsWith('/') ? path : `/${path}`}`
  return URL.canParse(address) ? new URL(address) : undefined
}

function headersOf({ headers, rawHeaders = [] }: NodeRequest): Headers {
  const found = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':')) continue
    for (const each of [value ?? []].flat()) found.append(name, each)
  }
  // of several, Node forgets all but the first; a guard must see that they contradict each other
  const authorizations = rawHeaders.filter((_, index) => index % 2 && isAuthorization(rawHeaders[index - 1]))
  for (const each of authorizations.slice(1)) found.append('authorization', each)
  return found
}

const isAuthorization = (name = '') => name.toLowerCase() === 'authorization'
