import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '../core/errors.ts'
import { isLoopback } from '../core/ims/environment.ts'
import { checkOptions } from '../core/options.ts'
import { safeCause } from '../core/redact.ts'
import { createEmulator, type Emulator } from './create-emulator.ts'
import type { EmulatorOptions } from './create-provider.ts'
import { isOwnName } from './http/own-name.ts'

/** Options of the emulator and of its server. */
export interface StartOptions extends EmulatorOptions {
  /** Default: 0, a free port. */
  readonly port?: number
  /** Default: `127.0.0.1`. Must be a loopback address, unless `dangerouslyListenOnAllInterfaces` is set. */
  readonly host?: string
  /** Allows a `host` that other machines can reach. Anyone on these machines can then sign in as any user. */
  readonly dangerouslyListenOnAllInterfaces?: boolean
  /** Serves https with this certificate and its private key, as PEM. Default: http. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** An emulator with a server. */
export interface RunningEmulator extends Emulator {
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

const maxBodyBytes = 1_000_000
const limits = { headersTimeout: 10_000, requestTimeout: 60_000 }

function checkHost({ host = '127.0.0.1', dangerouslyListenOnAllInterfaces = false }: StartOptions): string {
  if (isLoopback(host) || dangerouslyListenOnAllInterfaces) return host
  throw new ConfigurationError(
    'BAD_OPTION',
    `The emulator is not a security boundary and does not listen on '${host}'. Use 127.0.0.1, or set dangerouslyListenOnAllInterfaces if anyone who can reach this machine may sign in as any user.`,
  )
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const problem = 'code' in cause ? String(cause.code) : cause.name
      const message = `The emulator cannot listen on port ${port} of ${host} (${problem}). Choose another port, or 0 for a free one.`
      reject(new ConfigurationError('BAD_OPTION', message, { cause }))
    })
    server.listen(port, host, resolve)
  })
}

function urlOf(server: Server, scheme: 'http' | 'https'): string {
  const { address, family, port } = server.address() as AddressInfo
  if (address === '0.0.0.0' || address === '::') return `${scheme}://127.0.0.1:${port}`
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

// continues to read after the limit, so that the client receives the 413 for the size in the headers
async function collectBody(incoming: IncomingMessage): Promise<{ body: Buffer<ArrayBuffer>; size: number }> {
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
  const { body, size } = await collectBody(incoming)
  const hasBody = size > 0 && method !== 'GET' && method !== 'HEAD'
  if (hasBody) headers.set('content-length', String(size))
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  const origin = `${scheme}://${headers.get('host') ?? new URL(base).host}`
  return new Request(origin + url, { method, headers, signal, ...(hasBody ? { body } : {}) })
}

function refuse(outgoing: ServerResponse): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', connection: 'close' }
  outgoing
    .writeHead(400, headers)
    .end('The Host header does not name this emulator. Set the option endpoint to the URL that you use.\n')
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value)
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    await new Promise((resolve) => outgoing.write(chunk, resolve))
  }
  outgoing.end()
}

/** A server for http, or for https with a certificate. */
async function createServer(tls: StartOptions['tls'], listener: RequestListener): Promise<Server> {
  if (tls === undefined) return (await import('node:http')).createServer(limits, listener)
  const refuse = (cause?: unknown) => {
    const message = 'The option tls of the emulator must have cert and key: a certificate and its private key, as PEM.'
    return new ConfigurationError('BAD_OPTION', message, { cause: safeCause(cause) })
  }
  if (typeof tls?.cert !== 'string' || typeof tls.key !== 'string') throw refuse()
  const { createServer: createSecureServer } = await import('node:https')
  try {
    return createSecureServer({ ...limits, cert: tls.cert, key: tls.key }, listener)
  } catch (cause) {
    throw refuse(cause)
  }
}

/**
 * Starts the emulator as a server (Node.js). It is for development and tests, and not a security boundary, so by default
 * it listens only on loopback. Rejects with `BAD_OPTION`, also if the port is not available.
 *
 * @example
 * const emulator = await startEmulator({ port: 9090, autoLogin: 'user@example.com' })
 * process.env.AIO_IMS_CONFIG_ENDPOINT = emulator.url
 */
export async function startEmulator(options: StartOptions = {}): Promise<RunningEmulator> {
  checkOptions('startEmulator', options)
  const host = checkHost(options)
  const server = await createServer(options.tls, (incoming, outgoing) => {
    const { port = 0 } = server.address() as AddressInfo
    const anyAddress = options.dangerouslyListenOnAllInterfaces === true
    if (!isOwnName(incoming.headersDistinct.host, { url, host, port, anyAddress }) || !incoming.url?.startsWith('/'))
      return refuse(outgoing)
    const aborter = new AbortController()
    outgoing.once('close', () => aborter.abort())
    toRequest(incoming, url, aborter.signal)
      .then((request) => emulator.then(({ fetch }) => fetch(request)))
      .then((response) => send(response, outgoing))
      // rejects if a fault or the client dropped the connection
      .catch(() => outgoing.destroy())
  })
  await listen(server, options.port ?? 0, host)
  const url = options.endpoint ?? urlOf(server, options.tls ? 'https' : 'http')
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
