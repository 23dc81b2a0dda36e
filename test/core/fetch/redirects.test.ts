import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Hop, nextHop } from '../../../src/core/fetch/redirects.ts'
import {
  type Client,
  type ClientOptions,
  createClient,
  memoryPlatform,
  type SilentFlow,
} from '../../../src/core/index.ts'
import { type Seen, startApi } from '../recording-api.ts'
import { rejection } from '../setting.ts'

type Api = Awaited<ReturnType<typeof startApi>>
let api: Api
let elsewhere: Api
beforeAll(async () => {
  ;[api, elsewhere] = await Promise.all([startApi(), startApi()])
})
afterAll(() => {
  api.close()
  elsewhere.close()
})
beforeEach(() => {
  for (const each of [api, elsewhere]) {
    each.seen.length = 0
    each.answer = () => ({ status: 200 })
  }
})

/** A client whose tokens are `token-1`, `token-2`, …, so that nothing but calls of the API goes over a socket. */
function client(more: Partial<ClientOptions> = {}): Client {
  let issued = 0
  const flow: SilentFlow = {
    kind: 'test',
    id: 'test',
    clientId: 'the-client',
    orgId: 'the-org@AdobeOrg',
    scopes: [],
    confidential: false,
    obtain: async () => ({ accessToken: `token-${++issued}`, expiresAt: Date.now() + 3_600_000 }),
    invalidate: async () => {},
  }
  return createClient({ ...memoryPlatform(), allowedOrigins: [api.url], ...more, flow })
}

/** Answers the first request, or those that `when` picks, with a redirect. */
function redirect(from: Api, status: number, location: string, when = (_: Seen) => from.seen.length === 1) {
  from.answer = (seen) => (when(seen) ? { status, headers: { location } } : { status: 200 })
}

const whose = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'x-gw-ims-org-id'] as const
const identifying = ({ headers }: Seen) => whose.filter((name) => headers[name] !== undefined)
const statuses = [301, 302, 303, 307, 308]

describe.each([
  ['the global fetch', {}],
  ['a fetch of the caller’s own', { fetch: (url: string, init: RequestInit) => globalThis.fetch(url, init) }],
])('through %s', (_, options) => {
  test.each(statuses)('a %i to the same origin is followed with the token', async (status) => {
    redirect(api, status, '/there?x=1')
    const response = await client(options).fetch(`${api.url}/here#part`, { headers: { 'x-own': 'yes' } })
    expect([response.status, response.redirected, new URL(response.url).pathname]).toEqual([200, true, '/there'])
    expect(api.seen.map(({ url }) => url)).toEqual(['/here', '/there?x=1'])
    expect(api.seen[1]?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'x-api-key': 'the-client',
      'x-gw-ims-org-id': 'the-org@AdobeOrg',
      'x-own': 'yes',
    })
  })

  test.each(statuses)(
    'a %i to another origin is followed without anything that identifies the caller',
    async (status) => {
      redirect(api, status, `${elsewhere.url}/stranger`)
      const headers = { cookie: 'a=b', 'proxy-authorization': 'Basic eA==', 'x-api-key': 'own', 'x-other': 'stays' }
      expect((await client(options).fetch(api.url, { headers })).status).toBe(200)
      expect(identifying(api.seen[0] as Seen)).toEqual(whose)
      expect(elsewhere.seen).toHaveLength(1)
      expect(identifying(elsewhere.seen[0] as Seen)).toEqual([])
      expect(elsewhere.seen[0]?.headers).toMatchObject({ 'x-other': 'stays', host: new URL(elsewhere.url).host })
    },
  )

  test('another origin gets no token though it is allowed, and a way back does not bring it again (S88)', async () => {
    redirect(api, 302, `${elsewhere.url}/stranger`)
    redirect(elsewhere, 302, `${api.url}/back`)
    const allowedOrigins = [api.url, elsewhere.url]
    expect((await client({ ...options, allowedOrigins }).fetch(api.url)).status).toBe(200)
    expect(identifying(elsewhere.seen[0] as Seen)).toEqual([])
    expect(api.seen.map(({ url }) => url)).toEqual(['/', '/back'])
    expect(identifying(api.seen[1] as Seen)).toEqual([])
  })

  test('another host name or port of the same machine is another origin (S88)', async () => {
    const { port } = new URL(api.url)
    redirect(api, 307, `http://localhost:${port}/x`, ({ url }) => url === '/')
    expect((await client(options).fetch(api.url)).status).toBe(200)
    expect(api.seen.map(identifying)).toEqual([['authorization', 'x-api-key', 'x-gw-ims-org-id'], []])
  })

  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [301, 'PUT', 'PUT'],
    [302, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'PATCH', 'PATCH'],
  ])('a %i makes of %s a %s', async (status, method, becomes) => {
    redirect(api, status, '/there')
    const body = method === 'HEAD' ? null : 'the body'
    const headers = { 'content-type': 'text/x', 'content-language': 'en', 'content-encoding': 'identity' }
    await client(options).fetch(api.url, { method, body, headers })
    const kept = becomes === method
    expect(api.seen[1]).toMatchObject({ method: becomes, body: kept ? (body ?? '') : '' })
    const described = Object.keys(api.seen[1]?.headers ?? {}).filter((name) => name in headers)
    expect(described.sort()).toEqual(kept ? Object.keys(headers).sort() : [])
  })

  test.each([307, 308])('a %i takes along any body that can be sent again, also to another origin', async (status) => {
    const form = new FormData()
    form.set('a', 'the body')
    for (const body of ['the body', new Blob(['the body']), new TextEncoder().encode('the body'), form]) {
      for (const each of [api, elsewhere]) each.seen.length = 0
      redirect(api, status, `${elsewhere.url}/`)
      expect((await client(options).fetch(api.url, { method: 'POST', body })).status).toBe(200)
      expect(elsewhere.seen[0]?.body).toContain('the body')
      expect(elsewhere.seen[0]?.headers['content-type']).toBe(api.seen[0]?.headers['content-type'])
      expect(elsewhere.seen[0]?.headers['content-length']).toBe(String(api.seen[0]?.body.length))
    }
  })

  const once: [string, () => [string | Request, RequestInit?]][] = [
    ['a stream', () => [api.url, { body: new Blob(['once']).stream(), duplex: 'half' } as RequestInit]],
    ['an async iterable', () => [api.url, { body: chunks(), duplex: 'half' } as unknown as RequestInit]],
    ['a Request', () => [new Request(api.url, { method: 'POST', body: 'once' })]],
  ]
  test.each(once)('a body that is %s is not sent again: the redirect is the answer', async (_kind, make) => {
    for (const status of [307, 308]) {
      api.seen.length = 0
      redirect(api, status, '/there')
      const [input, init] = make()
      const response = await client(options).fetch(input, { method: 'POST', ...init })
      expect([response.status, response.headers.get('location'), api.seen.length]).toEqual([status, '/there', 1])
      expect(api.seen[0]?.body).toBe('once')
    }
  })

  test.each([301, 302, 303])('a %i needs no body again', async (status) => {
    redirect(api, status, '/there')
    const body = new Blob(['once']).stream()
    const response = await client(options).fetch(api.url, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect([response.status, api.seen.map(({ method }) => method)]).toEqual([200, ['POST', 'GET']])
  })

  test('twenty redirects are followed, no more', async () => {
    const hops = (count: number) => {
      api.answer = () => ({
        status: api.seen.length <= count ? 302 : 200,
        headers: { location: `/${api.seen.length}` },
      })
      api.seen.length = 0
    }
    hops(20)
    expect((await client(options).fetch(api.url)).status).toBe(200)
    expect(api.seen).toHaveLength(21)
    hops(21)
    expect(await rejection(client(options).fetch(api.url))).toBeInstanceOf(TypeError)
    expect(api.seen).toHaveLength(21)
  })

  test.each(statuses)('the caller may ask to see a %i', async (status) => {
    redirect(api, status, `${elsewhere.url}/`)
    const seen = await client(options).fetch(api.url, { redirect: 'manual' })
    expect([seen.status, seen.redirected, seen.headers.get('location')]).toEqual([status, false, `${elsewhere.url}/`])
    api.seen.length = 0
    const asRequest = await client(options).fetch(new Request(api.url, { redirect: 'manual' }))
    expect([asRequest.status, elsewhere.seen.length]).toEqual([status, 0])
  })

  test('the caller may refuse redirects', async () => {
    const asks: [string | Request, RequestInit?][] = [
      [api.url, { redirect: 'error' }],
      [new Request(api.url, { redirect: 'error' })],
      [api.url, new Request(api.url, { redirect: 'error' })],
    ]
    for (const [input, init] of asks) {
      api.seen.length = 0
      redirect(api, 302, '/there')
      expect(await rejection(client(options).fetch(input, init))).toBeInstanceOf(TypeError)
      expect(api.seen).toHaveLength(1)
      // and gets what is not a redirect
      expect((await client(options).fetch(input, init)).status).toBe(200)
    }
  })

  test.each([
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://',
    'http://u:p@127.0.0.1:1/',
    'http://[x',
  ])('a redirect to %s is refused', async (location) => {
    redirect(api, 302, location)
    const error = await rejection(client(options).fetch(api.url))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/redirect/)
    expect((error as Error).message).not.toContain('token-1')
  })

  test('a status of a redirect without an address, and 300 and 304, are the answer', async () => {
    for (const status of statuses) {
      api.answer = () => ({ status })
      expect((await client(options).fetch(api.url)).status).toBe(status)
    }
    for (const status of [300, 304]) {
      api.answer = () => ({ status, headers: { location: '/there' } })
      expect((await client(options).fetch(api.url)).status).toBe(status)
    }
  })

  test('a 401 after a redirect renews, and sends again what was refused', async () => {
    api.answer = ({ url, headers }) => {
      if (url === '/orders') return { status: 303, headers: { location: '/orders/1' } }
      return { status: headers.authorization === 'Bearer token-1' ? 401 : 200 }
    }
    const response = await client(options).fetch(`${api.url}/orders`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(200)
    expect(api.seen.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
      ['POST', '/orders', 'Bearer token-1'],
      ['GET', '/orders/1', 'Bearer token-1'],
      ['GET', '/orders/1', 'Bearer token-2'],
    ])
  })

  test('what a renewed token is answered with is followed as well', async () => {
    api.answer = ({ url, headers }) => {
      if (headers.authorization === 'Bearer token-1') return { status: 401 }
      return url === '/there' ? { status: 200 } : { status: 307, headers: { location: '/there' } }
    }
    const response = await client(options).fetch(api.url, { method: 'PUT', body: 'again' })
    expect(response.status).toBe(200)
    expect(api.seen.map(({ body }) => body)).toEqual(['again', 'again', 'again'])
  })

  test('a 401 of an origin that never got the token renews nothing', async () => {
    redirect(api, 302, `${elsewhere.url}/`)
    elsewhere.answer = () => ({ status: 401 })
    const asking = client(options)
    expect((await asking.fetch(api.url)).status).toBe(401)
    expect([api.seen.length, elsewhere.seen.length, await asking.getToken()]).toEqual([1, 1, 'token-1'])
  })

  test('an abort between two hops ends the way', async () => {
    const leaving = new AbortController()
    const reason = new Error('mine')
    api.answer = () => {
      if (api.seen.length === 2) leaving.abort(reason)
      return { status: 302, headers: { location: '/on' } }
    }
    expect(await rejection(client(options).fetch(api.url, { signal: leaving.signal }))).toBe(reason)
    expect(api.seen.length).toBeLessThanOrEqual(2)
  })

  test('an address in UTF-8 that is not percent-encoded is understood', async () => {
    const location = Buffer.from('/größe', 'utf8').toString('latin1')
    redirect(api, 302, location)
    await client(options).fetch(api.url)
    expect(api.seen[1]?.url).toBe('/gr%C3%B6%C3%9Fe')
  })

  test('a dispatcher of the caller, such as a proxy agent, sends every hop and every repeat', async () => {
    const own = globalThis as unknown as Record<symbol, { dispatch(...given: unknown[]): boolean }>
    await fetch(elsewhere.url) // Node makes its dispatcher at the first request
    const paths: unknown[] = []
    const dispatcher = {
      dispatch(wanted: { path: string }, handler: unknown) {
        paths.push(wanted.path)
        return own[Symbol.for('undici.globalDispatcher.1')]?.dispatch(wanted, handler)
      },
    }
    api.answer = ({ url, headers }) => {
      if (url === '/there') return { status: 200 }
      return headers.authorization === 'Bearer token-1'
        ? { status: 401 }
        : { status: 307, headers: { location: '/there' } }
    }
    const init = { method: 'POST', body: 'again', dispatcher } as RequestInit
    expect((await client(options).fetch(`${api.url}/here`, init)).status).toBe(200)
    expect(paths).toEqual(['/here', '/here', '/there'])
  })
})

async function* chunks() {
  yield new TextEncoder().encode('once')
}

describe('https (S32)', () => {
  const hop = (url: string): Hop => ({ url: new URL(url), method: 'GET', headers: new Headers(), body: 'none' })
  const redirected = (from: string, location: string) =>
    nextHop(hop(from), new Response(null, { status: 302, headers: { location } }))?.url.href

  test.each(['http://api.example/', 'http://127.0.0.1/', 'HTTP://api.example'])('never becomes %s', (location) => {
    expect(() => redirected('https://api.example/', location)).toThrow(TypeError)
  })

  test('may be what http becomes, and keeps the fragment', () => {
    expect(redirected('http://127.0.0.1/', 'https://api.example/')).toBe('https://api.example/')
    expect(redirected('https://api.example/a#part', '//other.example/b')).toBe('https://other.example/b#part')
    expect(redirected('https://api.example/a#part', 'b#own')).toBe('https://api.example/b#own')
  })
})
