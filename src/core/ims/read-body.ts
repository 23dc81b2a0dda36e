import { ConfigurationError } from '../errors.ts'

/** The part of a response that is read: a foreign `fetch` may have its own classes and streams. */
type Readable = Pick<Response, 'headers' | 'text'> & { readonly body?: unknown }

/**
 * The text of `response`, read from the web stream, Node stream or async iterable that its body is, or by `text()`.
 *
 * @returns `undefined` if it is longer than `most` characters; the rest is not read then
 */
export async function readBody(response: Readable, most: number): Promise<string | undefined> {
  const { headers, body } = response
  if (Number(headers.get('content-length') ?? 0) > most) return undefined
  // the length of a compressed body is not that of the text
  const honest = headers.has('content-length') && !headers.has('content-encoding')
  const readable = typeof response.text === 'function'
  const chunks = honest && readable ? undefined : chunksOf(body)
  if (chunks === undefined) {
    const text = await response.text()
    return text.length > most ? undefined : text
  }
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    if (text.length > most) return undefined
  }
  return text + decoder.decode()
}

type Chunks = AsyncIterable<string | BufferSource>

function chunksOf(body: unknown): Chunks | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if ('getReader' in body) return chunksOfStream(body as ReadableStream<Uint8Array>)
  return Symbol.asyncIterator in body ? (body as Chunks) : undefined
}

// not every browser's stream can be iterated
async function* chunksOfStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<BufferSource> {
  const reader = stream.getReader()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ended = done
      if (done) return
      yield value as BufferSource
    }
  } finally {
    if (!ended) reader.cancel().catch(() => {})
  }
}

/** Releases the connection of a body that is not read, for every kind of stream. */
export async function discardBody({ body }: { readonly body?: unknown }): Promise<void> {
  if (typeof body !== 'object' || body === null) return
  const stream = body as { cancel?(): Promise<void>; destroy?(): void }
  stream.destroy?.()
  await stream.cancel?.().catch(() => {})
}

/**
 * Checks that `fetch` resolved to a response, as far as it is read here.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if it did not; another attempt would not help
 */
export function requireResponse(answer: Response): Response {
  const { status, headers, text, body }: { [name in keyof Response]?: unknown } = Object(answer)
  const { get, has }: { get?: unknown; has?: unknown } = Object(headers)
  const hasHeaders = typeof get === 'function' && typeof has === 'function'
  if (typeof status === 'number' && hasHeaders && (typeof text === 'function' || chunksOf(body))) return answer
  throw notResponse()
}

export function notResponse(): ConfigurationError {
  return new ConfigurationError(
    'BAD_OPTION',
    'fetch did not resolve to a Response with status, headers and text(); check the option fetch, or its mock',
  )
}
