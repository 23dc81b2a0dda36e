import { createServer, type IncomingMessage, type Server } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createLocalCertificate } from '../../../src/adapters/node/cli/cert/certificate.ts'
import { type HttpsRelay, startHttpsRelay } from '../../../src/adapters/node/cli/cert/https-relay.ts'

const { ca, cert, key } = createLocalCertificate()

let app: Server
let seen: IncomingMessage[] = []
let relay: HttpsRelay

const portOf = (server: Server) => (server.address() as AddressInfo).port
const listenOn = (server: Server, host: string) => new Promise<void>((resolve) => server.listen(0, host, resolve))

beforeEach(async () => {
  seen = []
  app = createServer((incoming, outgoing) => {
    seen.push(incoming)
    if (incoming.url === '/moved')
      return outgoing.writeHead(302, { location: `https://${incoming.headers.host}/` }).end()
    outgoing.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes' })
    incoming.pipe(outgoing)
  })
  app.on('upgrade', (incoming, socket) => {
    seen.push(incoming)
    socket.on('error', () => {})
    if (incoming.url !== '/hmr') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nhello ')
    socket.pipe(socket)
  })
  await listenOn(app, '127.0.0.1')
  relay = await startHttpsRelay({ target: portOf(app), port: 0, cert, key })
})
afterEach(async () => {
  await relay.close()
  app.closeAllConnections()
  app.close()
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Sends a request to the relay, whose certificate is verified. */
const ask = (path: string, { method = 'GET', body = '', headers = {} } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(
      relay.url + path,
      { method, ca, headers, agent: false, servername: 'localhost' },
      async (response) => {
        let text = ''
        for await (const chunk of response) text += chunk
        resolve({ status: response.statusCode, headers: response.headers, text })
      },
    )
    asked.once('error', reject).end(body)
  })

describe('requests', () => {
  test('are passed on with their bodies and headers, and the name of the relay', async () => {
    const { host } = new URL(relay.url)
    const { status, headers, text } = await ask('/a?b=c', {
      method: 'PUT',
      body: 'x'.repeat(300_000),
      headers: { 'x-mine': '1' },
    })
    expect({ status, length: text.length }).toEqual({ status: 201, length: 300_000 })
    expect(headers).toMatchObject({ 'x-own': 'yes', 'set-cookie': ['a=1', 'b=2'] })
    expect(seen[0]).toMatchObject({ method: 'PUT', url: '/a?b=c' })
    expect(seen[0]?.headers).toMatchObject({
      host,
      'x-mine': '1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': host,
    })
    // so that redirects of the app lead to the relay
    expect((await ask('/moved')).headers.location).toBe(`${relay.url}/`)
  })

  test('to an app that does not answer get a page that says what to do', async () => {
    app.closeAllConnections()
    await new Promise((resolve) => app.close(resolve))
    const { status, headers, text } = await ask('/')
    expect(status).toBe(502)
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(text).toMatch(/does not answer at http:\/\/localhost:\d+\. Start its development server/)
    expect(text).toContain('Try again')
  })

  test('of another name are refused, and do not reach the app', async () => {
    const { port } = new URL(relay.url)
    expect((await ask('/', { headers: { host: 'evil.test' } })).status).toBe(400)
    expect((await ask('/', { headers: { host: `evil.test:${port}` } })).status).toBe(400)
    expect((await ask('/', { headers: { host: `127.0.0.1:${port}` } })).status).toBe(201)
    expect(seen).toHaveLength(1)
  })
})

/** What comes back for raw lines, until `enough` was received or the connection is closed. */
const talk = (lines: readonly string[], enough: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: Number(new URL(relay.url).port), host: '127.0.0.1', servername: 'localhost', ca })
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
      if (enough.test(text)) resolve(text)
    })
    socket.once('close', () => resolve(text)).once('error', reject)
    socket.write(lines.join('\r\n'))
  })
const upgrade = (path: string, host = new URL(relay.url).host) => [
  `GET ${path} HTTP/1.1`,
  `host: ${host}`,
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-key: eA==',
  '',
  'first words',
]

describe('web sockets', () => {
  test('are passed on in both directions, from the first byte', async () => {
    const text = await talk(upgrade('/hmr'), /first words/)
    expect(text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*upgrade: websocket\r\n\r\nhello first words$/)
    expect(seen[0]?.headers).toMatchObject({ 'sec-websocket-key': 'eA==', upgrade: 'websocket' })
  })

  test('that the app refuses get its answer, and those of another name are closed', async () => {
    expect(await talk(upgrade('/other'), /no$/)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nno$/)
    expect(await talk(upgrade('/hmr', 'evil.test'), /never/)).toBe('')
    expect(seen).toHaveLength(1)
  })

  test('are closed with the relay', async () => {
    const { port } = new URL(relay.url)
    const socket = connect({ port: Number(port), host: '127.0.0.1', servername: 'localhost', ca })
    const open = new Promise((resolve) => socket.once('data', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(upgrade('/hmr').join('\r\n'))
    await open
    await relay.close()
    await closed
  })
})

test('a port that is taken is a clear error', async () => {
  const taken = Number(new URL(relay.url).port)
  await expect(startHttpsRelay({ target: 1, port: taken, cert, key })).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining(`port ${taken}`),
  })
})
