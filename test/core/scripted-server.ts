import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../src/core/index.ts'

/** A request as it arrived at the socket. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Script = (request: Arrived, response: ServerResponse, attempt: number) => void | Promise<void>

/** A real server that does what a test tells it, and remembers what it was asked. */
export async function scriptedServer() {
  const arrived: Arrived[] = []
  let script: Script = (_request, response) => void response.writeHead(500).end()
  let wake: () => void = () => {}
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method = '', url = '', headers } = incoming
    const request = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    arrived.push(request)
    wake()
    await script(request, response, arrived.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    /** Starts over with another script. */
    play(next: Script) {
      arrived.length = 0
      script = next
    },
    /** Resolves once so many requests have arrived. */
    async arrivals(count: number) {
      while (arrived.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Script {
  return (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** A clock that waits for nothing but the end of an attempt, and remembers how long it should have waited. */
export function hastyClock(attemptTimeout: number): Clock & { readonly slept: number[] } {
  const slept: number[] = []
  return {
    slept,
    now: Date.now,
    sleep(ms, signal) {
      if (ms === attemptTimeout) {
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      }
      slept.push(ms)
      return Promise.resolve()
    },
  }
}

/** What `work` rejected with, for a closer look. */
export async function failureOf<Failure = Error>(work: Promise<unknown>): Promise<Failure> {
  try {
    await work
  } catch (error) {
    return error as Failure
  }
  throw new Error('it resolved, and should have rejected')
}

/** A JWT with these claims whose signature is nobody's. */
export function unsignedToken(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', kid: 'nobody' })}.${part(claims)}.c2lnbmF0dXJl`
}
