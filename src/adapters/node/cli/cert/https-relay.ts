import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { ConfigurationError } from '../../../../core/errors.ts'
import { emulatorPage } from '../../../../emulator/endpoints/pages.ts'
import { isOwnName } from '../../../../emulator/http/own-name.ts'
import { codeOf } from '../../files/write-file.ts'

/** Where the relay listens, and what it passes requests on to. */
export interface HttpsRelayOptions {
  /** Port of the app's development server on this machine. */
  readonly target: number
  /** Port to listen on; 0 for a free one. */
  readonly port: number
  readonly cert: string
  readonly key: string
}

/** A server at `https://localhost`, in front of an app that is served over http. */
export interface HttpsRelay {
  readonly url: string
  close(): Promise<void>
}

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer'])

function endToEnd(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))
}

/** A request to the development server, with the `Host` of the relay, so that its redirects lead back to it. */
function passOn({ method, url, headers }: IncomingMessage, target: number, more: OutgoingHttpHeaders): ClientRequest {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': headers.host }
  return request({
    // some listen on ::1 only, others on 127.0.0.1
    host: 'localhost',
    port: target,
    method,
    path: url,
    headers: { ...endToEnd(headers), ...forwarded, ...more },
  })
}

async function showUnreachable(outgoing: ServerResponse, target: number): Promise<void> {
  if (outgoing.headersSent) return void outgoing.destroy()
  const text = `<p>The app does not answer at http://localhost:${target}. Start its development server, then try again.</p>`
  const page = emulatorPage('The app does not answer', `${text}\n<p><a href="">Try again</a></p>`, { status: 502 })
  outgoing.writeHead(page.status, Object.fromEntries(page.headers)).end(await page.text())
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, target: number): void {
  const asked = passOn(incoming, target, {})
  asked.once('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, endToEnd(response.headers))
    response.pipe(outgoing)
    response.once('error', () => outgoing.destroy())
  })
  asked.once('error', () => void showUnreachable(outgoing, target))
  outgoing.once('close', () => asked.destroy())
  incoming.pipe(asked)
}

const headerLines = ({ statusCode, statusMessage, rawHeaders }: IncomingMessage) => {
  const pairs = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${pairs.join('\r\n')}\r\n\r\n`
}

/** Joins two sockets; the end of one is the end of the other. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.once('error', () => to.destroy())
    from.once('close', () => to.destroy())
  }
}

/** Passes on the upgrade to a web socket, such as that of hot module replacement. */
function upgrade(incoming: IncomingMessage, socket: Duplex, { head, target }: { head: Buffer; target: number }): void {
  const asked = passOn(incoming, target, { connection: 'Upgrade', upgrade: incoming.headers.upgrade })
  asked.once('upgrade', (response, upstream, first) => {
    socket.write(headerLines(response))
    if (first.length > 0) socket.write(first)
    if (head.length > 0) upstream.write(head)
    join(socket, upstream)
  })
  asked.once('response', (response) => {
    socket.write(headerLines(response))
    response.pipe(socket)
  })
  asked.once('error', () => socket.destroy())
  socket.once('error', () => asked.destroy())
  asked.end()
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `The relay cannot listen on port ${port} (${codeOf(cause)}). Choose another port, or 0 for a free one.`
      reject(new ConfigurationError('BAD_OPTION', message, { cause }))
    })
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** Starts a server at `https://localhost:<port>` that passes requests and web sockets on to `http://localhost:<target>`. */
export async function startHttpsRelay({ target, port, cert, key }: HttpsRelayOptions): Promise<HttpsRelay> {
  const server = createServer({ cert, key })
  const upgraded = new Set<Duplex>()
  const listening = await listen(server, port)
  const url = `https://localhost:${listening}`
  const names = { url, host: '127.0.0.1', port: listening, anyAddress: false }
  // another site may have its name point here
  const isOwn = ({ headersDistinct }: IncomingMessage) => isOwnName(headersDistinct.host, names)
  server.on('request', (incoming, outgoing) => {
    if (isOwn(incoming)) return answer(incoming, outgoing, target)
    outgoing.writeHead(400, { 'content-type': 'text/plain' }).end(`This relay answers as ${url} only.\n`)
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isOwn(incoming)) return void socket.destroy()
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    upgrade(incoming, socket, { head, target })
  })
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      }),
  }
}
