import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'

/** A request as a library sent it, before anything reads it. */
export interface Seen {
  readonly method: string
  readonly path: string
  /** How the body is encoded. */
  readonly encoding: string
  readonly bearer: boolean
  readonly userAgent: string
  readonly query: Record<string, string>
  readonly body: Record<string, string>
}

/** The emulator behind a socket that writes down what arrives on it. */
export interface RecordedIms extends Emulator {
  readonly seen: Seen[]
  close(): Promise<void>
}

// what the person's browser asks for, and not a library
const pages = /^\/ims\/authorize|^\/api\//

export async function startRecordedIms(): Promise<RecordedIms> {
  const seen: Seen[] = []
  const server = createServer(async (incoming, outgoing) => {
    const request = await toRequest(incoming)
    const { pathname } = new URL(request.url)
    if (!pages.test(pathname)) seen.push(await look(request.clone()))
    const answer = await emulator.fetch(request)
    outgoing.statusCode = answer.status
    for (const [name, value] of answer.headers) outgoing.appendHeader(name, value)
    outgoing.end(Buffer.from(await answer.arrayBuffer()))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const emulator = await createEmulator({ endpoint, autoLogin: 'user@example.com' })
  return {
    ...emulator,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
  const { method = 'GET', url = '/', headers } = incoming
  const body = method === 'GET' ? null : Buffer.concat(chunks)
  return new Request(`http://${headers.host}${url}`, { method, body, headers: headers as Record<string, string> })
}

async function look(request: Request): Promise<Seen> {
  const { pathname, searchParams } = new URL(request.url)
  const encoding = (request.headers.get('content-type') ?? 'none').replace(/;.*/, '')
  const body = encoding === 'none' ? [] : await fieldsOf(request)
  return {
    method: request.method,
    path: pathname,
    encoding,
    bearer: request.headers.get('authorization')?.startsWith('Bearer ') === true,
    userAgent: request.headers.get('user-agent') ?? '',
    query: Object.fromEntries(searchParams),
    body: Object.fromEntries(body),
  }
}

/** What is not a form has no fields; the emulator then says what is wrong with it. */
async function fieldsOf(request: Request): Promise<[string, string][]> {
  const form = await request.formData().catch(() => new FormData())
  return [...form].map(([name, value]) => [name, String(value)])
}
