import { EventEmitter } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
// @ts-expect-error it comes without types
import nodeFetch2 from 'node-fetch2'
import nodeFetch3 from 'node-fetch3'
import { fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientCredentials, createClient, type Fetch, type ImsEvent, memoryPlatform } from '../../../src/core/index.ts'
import { startApi } from '../recording-api.ts'
import { gate, rejection } from '../setting.ts'

// what programs behind company proxies and in test runners set as `fetch`

const fetches: [string, Fetch][] = [
  ['node-fetch 2', nodeFetch2],
  ['node-fetch 3', nodeFetch3 as unknown as Fetch],
  ['undici', undiciFetch as unknown as Fetch],
]
const good = JSON.stringify({ access_token: 'tök', token_type: 'bearer', expires_in: 3600 })

type Send = (headers: Record<string, string | number>, ...parts: (string | Buffer)[]) => ServerResponse

let answer: (send: Send) => unknown
const server = createServer((request, response) => {
  request.resume()
  answer((headers, ...parts) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    for (const part of parts) response.write(part)
    return response
  })
})
let url: string
let api: Awaited<ReturnType<typeof startApi>>
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  api = await startApi()
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  api.close()
})

const flow = clientCredentials({ clientId: 'a', clientSecret: 'b', scopes: ['openid'] })
function clientWith(fetch: unknown, onEvent: (event: ImsEvent) => void = () => {}) {
  const options = { flow, endpoint: url, allowedOrigins: [api.url], retry: { baseDelay: 0 }, onEvent }
  return createClient({ ...memoryPlatform(), ...options, fetch: fetch as Fetch })
}

describe.each(fetches)('%s', (name, fetch) => {
  const bytes = Buffer.from(good)
  test.each<[string, typeof answer]>([
    ['content-length', (send) => send({ 'content-length': bytes.length }, bytes).end()],
    // the ö in two pieces
    ['chunks', (send) => send({}, bytes.subarray(0, 19), bytes.subarray(19)).end()],
    ['gzip', (send) => send({ 'content-encoding': 'gzip' }, gzipSync(bytes)).end()],
  ])('reads an answer in %s', async (_framing, how) => {
    answer = how
    expect(await clientWith(fetch).getToken()).toBe('tök')
  })

  test('stops reading an answer without an end', async () => {
    const closed = gate()
    answer = (send) => {
      const response = send({}).on('close', closed.open)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    }
    expect(await rejection(clientWith(fetch).getToken())).toMatchObject({ code: 'IMS_MALFORMED' })
    // node-fetch 2 keeps the connection of a body that was destroyed until the server closes it
    if (name !== 'node-fetch 2') await closed.opened
  })

  test('follows redirects of an API, and repeats what a 401 refused', async () => {
    let issued = 0
    answer = (send) => send({}, good.replace('tök', `token-${++issued}`)).end()
    api.answer = ({ url: path, headers }) => {
      if (path === '/things') return { status: 307, headers: { location: '/there' } }
      return { status: headers.authorization === 'Bearer token-1' ? 401 : 200 }
    }
    api.seen.length = 0
    const response = await clientWith(fetch).fetch(`${api.url}/things`, { method: 'POST', body: 'again' })
    expect([response.status, await response.text()]).toEqual([200, 'status 200'])
    expect(api.seen.map(({ url: path, body }) => [path, body])).toEqual([
      ['/things', 'again'],
      ['/there', 'again'],
      ['/there', 'again'],
    ])
  })
})

describe('a response', () => {
  const headers = new Headers({ 'content-type': 'application/json' })
  const text = async () => good
  test.each<[string, unknown]>([
    ['text() alone', { status: 200, headers, text }],
    ['a body that is null', { status: 200, headers, body: null, text }],
    ['a body that is a Buffer', { status: 200, headers, body: Buffer.from(good), text }],
    ['an async iterable of bytes', { status: 200, headers, body: iterate(Buffer.from(good)) }],
    ['an async iterable of text', { status: 200, headers, body: iterate(good) }],
    ['a stream of a realm of its own', { status: 200, headers, body: streamOf(Buffer.from(good)) }],
  ])('with %s is read', async (_, response) => {
    expect(await clientWith(async () => response).getToken()).toBe('tök')
  })
})

describe('a value that is not a response', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['text', good],
    ['the parsed JSON', JSON.parse(good)],
    ['a mock without status and headers', { ok: true, json: async () => JSON.parse(good) }],
    ['a mock whose headers are no Headers', { ok: true, status: 200, headers: {}, text: async () => good }],
    ['a mock without a body', { ok: true, status: 200, headers: new Headers(), json: async () => JSON.parse(good) }],
    ['an emitter', new EventEmitter()],
  ])('%s is requested once, and the error says what is wrong', async (_, response) => {
    let asked = 0
    const events: string[] = []
    const client = clientWith(
      async () => {
        asked++
        return response
      },
      ({ type }) => events.push(type),
    )
    const error = await rejection(client.getToken())
    expect(error).toMatchObject({
      code: 'BAD_OPTION',
      name: 'ConfigurationError',
      message: expect.stringMatching(/^fetch did not resolve to a Response/),
    })
    expect([asked, events.filter((type) => type === 'retry')]).toEqual([1, []])
  })

  test('is an error of client.fetch, too', async () => {
    answer = (send) => send({}, good).end()
    const client = clientWith((to: string, init: RequestInit) =>
      to.startsWith(url) ? globalThis.fetch(to, init) : Promise.resolve(undefined),
    )
    expect(await rejection(client.fetch(api.url))).toMatchObject({ code: 'BAD_OPTION' })
  })
})

async function* iterate<Part>(whole: Part) {
  yield whole
}

/** A stream that cannot be iterated and is no instance of this realm's class. */
function streamOf(bytes: Uint8Array) {
  const parts = [bytes]
  return {
    getReader: () => ({
      read: async () => ({ done: parts.length === 0, value: parts.shift() }),
      cancel: async () => {},
    }),
  }
}
