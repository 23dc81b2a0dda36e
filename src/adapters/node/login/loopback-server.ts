import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ConfigurationError } from '../../../core/errors.ts'

/** The name of this machine in addresses that the browser opens. */
export type LoopbackHost = '127.0.0.1' | '::1' | 'localhost'

/** A request whose `Host` header names this machine. */
export interface LoopbackRequest {
  readonly method: string
  readonly url: URL
  header(name: string): string | undefined
  /** The body as text, or `undefined` if it is longer than `limit` bytes or incomplete. */
  readBody(limit: number): Promise<string | undefined>
}

/** An answer to a request; `sent` is called when it was sent, or could not be sent. */
export interface LoopbackAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly sent?: () => void
}

/** A listener that only this machine can reach, unless `bind` is set. */
export interface Loopback {
  readonly port: number
  /** `http://<host>:<port>` */
  readonly origin: string
  /** Closes the listener and every connection at once. */
  close(): void
}

/** Options of {@link listenOnLoopback}. */
export interface LoopbackOptions {
  /** 0 selects a free port. */
  readonly port: number
  readonly host: LoopbackHost
  /** An address to listen on instead of 127.0.0.1 and ::1. Requests must still name this machine. */
  readonly bind?: string | undefined
  readonly answer: (request: LoopbackRequest) => LoopbackAnswer | Promise<LoopbackAnswer>
}

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
}
const alwaysSent = {
  'Cache-Control': 'no-store',
  Connection: 'close',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Content-Type': 'text/plain; charset=utf-8',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/**
 * Listens on 127.0.0.1 and, if the machine has it, on [::1], on one port. It uses both addresses because another
 * process that listened on the second one could receive what a browser sends to `localhost`.
 *
 * Rejects with `BAD_OPTION` naming the port if it is in use or forbidden, or if this machine does not have `host`.
 */
export async function listenOnLoopback(options: LoopbackOptions): Promise<Loopback> {
  const { createServer } = await import('node:http')
  const listener: RequestListener = (request, response) => void sendAnswer(request, response, options)
  const [first, second] = addressesOf(options)
  for (let attemptsLeft = 10; ; attemptsLeft--) {
    const open: Listening[] = []
    const close = () => {
      for (const server of open) server.close()
    }
    try {
      open.push(await listen(createServer(limits, listener), first, options.port))
      const port = open[0]?.port ?? 0
      const other = second && (await listenIfAllowed(createServer(limits, listener), second, port))
      if (other) open.push(other)
      return { port, origin: originOf(options.host, port), close }
    } catch (error) {
      close()
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && options.port === 0 && attemptsLeft > 0) continue
      throw bindError(first, options.port, code)
    }
  }
}

function addressesOf({ host, bind }: LoopbackOptions): readonly [first: string, second?: string] {
  if (bind !== undefined) return [bind]
  return host === '::1' ? ['::1', '127.0.0.1'] : ['127.0.0.1', '::1']
}

/** Listens on the second address of this machine, if it exists and is allowed. */
async function listenIfAllowed(server: Server, host: string, port: number): Promise<Listening | undefined> {
  if (!mayListen(host)) return undefined
  return listen(server, host, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') throw error
    return undefined
  })
}

interface Deno {
  readonly permissions: { querySync(asked: { name: 'net'; host: string }): { readonly state: string } }
}

/** If a program listens without permission, Deno throws an error that cannot be caught; so this checks first. */
function mayListen(host: string): boolean {
  const { Deno: deno } = globalThis as { Deno?: Deno }
  const name = host.includes(':') ? `[${host}]` : host
  return deno === undefined || deno.permissions.querySync({ name: 'net', host: name }).state === 'granted'
}

interface Listening {
  readonly port: number
  close(): void
}

function listen(server: Server, host: string, port: number): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', refuse)
  return new Promise((resolve, reject) => {
    // never removed: a failing accept() must not crash the program
    server.on('error', reject)
    server.listen({ host, port, exclusive: true, ipv6Only: true }, () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : port
      const close = () => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }
      resolve({ port: bound, close })
    })
  })
}

async function sendAnswer(request: IncomingMessage, response: ServerResponse, options: LoopbackOptions): Promise<void> {
  const reply = await answerTo(request, options).catch((): LoopbackAnswer => ({ status: 500 }))
  const sent = () => reply.sent?.()
  if (response.destroyed) return sent()
  response.once('close', sent)
  response.writeHead(reply.status, { ...alwaysSent, ...reply.headers })
  response.end(reply.body ?? `${reply.status}\n`)
}

async function answerTo(request: IncomingMessage, { host, answer }: LoopbackOptions): Promise<LoopbackAnswer> {
  const port = request.socket.localPort ?? 0
  if (!isOwnName(request.headersDistinct.host, port)) {
    return { status: 400, body: 'The Host header does not name this server.\n' }
  }
  const target = `${originOf(host, port)}${request.url ?? ''}`
  if (!request.url?.startsWith('/') || !URL.canParse(target)) return { status: 400 }
  return answer({
    method: request.method ?? '',
    url: new URL(target),
    header: (name) => request.headers[name]?.toString(),
    readBody: (limit) => bodyWithin(request, limit),
  })
}

// with DNS rebinding, another site's name resolves to this machine, but the browser still sends that name
function isOwnName(hosts: readonly string[] | undefined, port: number): boolean {
  const [host, ...more] = hosts ?? []
  if (host === undefined || more.length > 0) return false
  const names = ['127.0.0.1', 'localhost', '[::1]']
  return names.some((name) => host.toLowerCase() === `${name}:${port}` || (port === 80 && host === name))
}

function bodyWithin(request: IncomingMessage, limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) resolve(undefined)
      else chunks.push(chunk)
    })
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('error', () => resolve(undefined))
    request.once('close', () => resolve(undefined))
  })
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const overflow = error.code === 'HPE_HEADER_OVERFLOW'
  const status = overflow ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n`)
}

function originOf(host: LoopbackHost, port: number): string {
  return new URL(`http://${host === '::1' ? '[::1]' : host}:${port}`).origin
}

function bindError(host: string, port: number, code: string | undefined): ConfigurationError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} is already in use on this machine.`,
    EACCES: `Port ${port} requires privileges that this process does not have.`,
    EADDRNOTAVAIL: `This machine has no address ${host}.`,
    EAFNOSUPPORT: `This machine has no address ${host}.`,
  }
  const reason = reasons[code ?? ''] ?? `Listening on ${host}, port ${port}, failed (${code ?? 'no reason given'}).`
  const remedy = "Choose another port with the option 'port' or AIO_IMS_LOCAL_LOGIN_PORT, or unset both for a free one."
  return new ConfigurationError('BAD_OPTION', `The login cannot listen for the browser. ${reason} ${remedy}`)
}
