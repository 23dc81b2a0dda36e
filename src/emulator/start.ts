import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { createEmulator, type Emulator } from './create-emulator.ts'
import type { EmulatorOptions } from './create-provider.ts'
import { isOwnName } from './http/own-name.ts'

/** Where the server listens, beside how the emulator is set up. */
export interface StartOptions extends EmulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number
  /** Default `127.0.0.1`. Only loopback addresses, unless the next option is set. */
  readonly host?: string
  /** Lets `host` be reachable from other machines. Everyone there can then sign in as anyone. */
  readonly dangerouslyListenOnAllInterfaces?: boolean
}

/** An emulator behind a socket. */
export interface RunningEmulator extends Emulator {
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

const maxBodyBytes = 1_000_000
const limits = { headersTimeout: 10_000, requestTimeout: 60_000 }
const isLoopback = (host: string) => /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost'

function checkHost({ host = '127.0.0.1', dangerouslyListenOnAllInterfaces = false }: StartOptions): string {
  if (isLoopback(host) || dangerouslyListenOnAllInterfaces) return host
  throw new ConfigurationError(
    'BAD_OPTION',
    `The emulator is no security boundary and does not listen on '${host}'. Use 127.0.0.1, or set dangerouslyListenOnAllInterfaces if everyone who can reach this machine may sign in as anyone.`,
  )
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const problem = 'code' in cause ? String(cause.code) : cause.name
      const message = `The emulator cannot listen on port ${port} of ${host} (${problem}). Choose another port, or 0 for any.`
      reject(new ConfigurationError('BAD_OPTION', message, { cause }))
    })
    server.listen(port, host, resolve)
  })
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

// Reads on past the limit, so that the client gets to see the 413 that the size in the headers leads to
async function readBody(incoming: IncomingMessage): Promise<{ body: Buffer<ArrayBuffer>; size: number }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  return { body: Buffer.concat(chunks), size }
}

async function toRequest(incoming: IncomingMessage, base: string, signal: AbortSignal): Promise<Request> {
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  const { method = 'GET', url = '/' } = incoming
  const { body, size } = await readBody(incoming)
  const hasBody = size > 0 && method !== 'GET' && method !== 'HEAD'
  if (hasBody) headers.set('content-length', String(size))
  const origin = `http://${headers.get('host') ?? new URL(base).host}`
  return new Request(origin + url, { method, headers, signal, ...(hasBody ? { body } : {}) })
}

function refuse(outgoing: ServerResponse): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', connection: 'close' }
  outgoing
    .writeHead(400, headers)
    .end('The emulator is not served under this name. Set endpoint to the URL that you use.\n')
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value)
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    await new Promise((resolve) => outgoing.write(chunk, resolve))
  }
  outgoing.end()
}

/**
 * Starts the emulator on a socket (Node). It is for development and tests and no security boundary, so it refuses any
 * host but loopback. Rejects with `BAD_OPTION`, also for a port it cannot have.
 */
export async function startEmulator(options: StartOptions = {}): Promise<RunningEmulator> {
  checkOptions('startEmulator', options)
  const host = checkHost(options)
  const { createServer } = await import('node:http')
  const server = createServer(limits, (incoming, outgoing) => {
    const { port = 0 } = server.address() as AddressInfo
    const anyAddress = options.dangerouslyListenOnAllInterfaces === true
    if (!isOwnName(incoming.headersDistinct.host, { url, host, port, anyAddress }) || !incoming.url?.startsWith('/'))
      return refuse(outgoing)
    const aborter = new AbortController()
    outgoing.once('close', () => aborter.abort())
    toRequest(incoming, url, aborter.signal)
      .then((request) => emulator.then(({ fetch }) => fetch(request)))
      .then((response) => send(response, outgoing))
      // What rejects here is a dropped connection, by a fault or by the client
      .catch(() => outgoing.destroy())
  })
  await listen(server, options.port ?? 0, host)
  const url = options.endpoint ?? urlOf(server)
  const emulator = createEmulator({ ...options, endpoint: url })
  emulator.catch(() => server.close())
  return {
    ...(await emulator),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}
