import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { forwardedHeaders, returnedHeaders } from '../../../src/adapters/worker/bff/proxy-headers.ts'
import { destinationOf, proxyRoutes } from '../../../src/adapters/worker/bff/proxy-rules.ts'
import { createAuthHandler, type ProxyRule } from '../../../src/adapters/worker/index.ts'
import { authorizationCode } from '../../../src/core/api.ts'
import { setting } from './setting.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An API that records requests, and answers as the test configures it. */
async function startApi(answer: { status?: number; headers?: Record<string, string>; body?: string } = {}) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function signedIn(rule: (origin: string) => Partial<ProxyRule>, answer = {}) {
  const api = await startApi(answer)
  const { visitor, emulator } = await setting()
  const proxy = [{ path: '/api/', to: `${api.origin}/v1/`, ...rule(api.origin) }]
  const browser = visitor({ proxy })
  await browser.signIn()
  return { api, browser, emulator }
}

describe('a path of the site', () => {
  const routes = proxyRoutes(
    [
      { path: '/api/', to: 'https://api.example/v1' },
      { path: '/api/special/', to: 'https://special.example/' },
      { path: '/me', to: 'https://api.example/profile' },
    ],
    '/auth',
  )
  const lead = (path: string) => {
    const found = destinationOf(new URL(path, 'https://app.example'), routes)
    return typeof found === 'object' ? found.url.href : found
  }

  test.each([
    ['/api/users/1?q=a%2fb', 'https://api.example/v1/users/1?q=a%2fb'],
    ['/api/a%20b/%C3%A4', 'https://api.example/v1/a%20b/%C3%A4'],
    ['/api/@evil.example/', 'https://api.example/v1/@evil.example/'],
    ['/api/user:pass@evil.example', 'https://api.example/v1/user:pass@evil.example'],
    ['/api/http:evil.example', 'https://api.example/v1/http:evil.example'],
    ['/api/[::1]', 'https://api.example/v1/[::1]'],
    ['/api/special/x', 'https://special.example/x'],
    ['/api/100%25', 'https://api.example/v1/100%25'],
    ['/me', 'https://api.example/profile'],
    ['/api/', 'https://api.example/v1/'],
  ])('%s leads to %s', (path, to) => expect(lead(path)).toBe(to))

  test.each([
    '/api/..;/admin',
    '/api/x/..;a=b/admin',
    '/api/.;/admin',
    '/api/%2e%2e;/admin',
    '/api/..%2fadmin',
    '/api/..%5cadmin',
    '/api/%2fadmin',
    '/api/%2F%2Fevil.example',
    '/api/%5c%5cevil.example',
    '/api/%252fadmin',
    // an API that decodes the path before it routes would see another path here
    '/api/users%2fadmin',
    '/api/users%2Fadmin',
    '/api/users%252fadmin',
    '/api/users%25252fadmin',
    '/api/%252e%252e/admin',
    '/api/%25252e%25252e/admin',
    '/api//evil.example/',
    '/api/x//y',
    '/api/%00',
    '/api/%0d%0aHost:%20evil.example',
    '/api/%',
    '/api/%ff',
  ])('%s leads nowhere (S60)', (path) => expect(lead(path)).toBe('unsafe'))

  test.each([
    '/api/../admin',
    '/api/%2e%2e/admin',
    '/api/.%2e/admin',
    '/api\\..\\admin',
    '/API/x',
    '/apix',
    '/me/',
    '/me/x',
  ])('%s is none of the proxy (S60)', (path) => expect(lead(path)).toBeUndefined())

  test.each([
    [{ path: '/api/', to: 'http://api.example/' }],
    [{ path: '/api/', to: 'https://user:pass@api.example/' }],
    [{ path: '/api/', to: 'https://api.example/?x' }],
    [{ path: '/api/', to: 'api.example' }],
    [{ path: 'api/', to: 'https://api.example/' }],
    [{ path: '/', to: 'https://api.example/' }],
    [{ path: '/a/../b/', to: 'https://api.example/' }],
    [{ path: '/auth/api/', to: 'https://api.example/' }],
  ])('that is unsafe is refused as a rule: %j (S32, S60)', (rule) => {
    const flow = authorizationCode({ clientId: 'site', scopes: [] })
    const options = { flow, sessionSecret: 'x'.repeat(32), proxy: [rule] }
    expect(() => createAuthHandler(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })
})

describe('a call of an API', () => {
  test('carries the token and what the page said, and nothing that is between page and site', async () => {
    const { api, browser } = await signedIn(() => ({ headers: { 'x-gw-ims-org-id': 'ours@AdobeOrg' } }))
    const answer = await browser.call('/api/items?x=1', {
      method: 'POST',
      body: '{"a":1}',
      headers: {
        'content-type': 'application/json',
        'x-sandbox-name': 'dev',
        authorization: 'Bearer of-the-page',
        'x-api-key': 'of-the-page',
        'x-gw-ims-org-id': 'of-the-page',
        'x-forwarded-for': '10.0.0.1',
        'x-dropped': 'hop by hop',
        connection: 'x-dropped',
        'sec-fetch-site': 'same-origin',
      },
    })
    expect(answer.status).toBe(200)
    const [{ method, url, headers, body }] = api.seen as [Seen]
    expect([method, url, body]).toEqual(['POST', '/v1/items?x=1', '{"a":1}'])
    expect(headers).toMatchObject({
      authorization: expect.stringMatching(/^Bearer eyJ/),
      'x-api-key': 'site',
      'x-gw-ims-org-id': 'ours@AdobeOrg',
      'content-type': 'application/json',
      'x-sandbox-name': 'dev',
    })
    for (const name of ['cookie', 'x-csrf-token', 'x-forwarded-for', 'origin', 'referer', 'x-dropped'])
      expect([name, headers[name]]).toEqual([name, undefined])
  })

  test('brings back no cookie, no permission for other sites and nothing to cache', async () => {
    const headers = {
      'set-cookie': '__Host-Http-imskit-session=evil; Path=/',
      'access-control-allow-origin': '*',
      'clear-site-data': '"cookies"',
      'cache-control': 'public, max-age=600',
      'x-rate': '5',
    }
    const { browser } = await signedIn(() => ({}), { status: 201, headers, body: 'made' })
    const answer = await browser.call('/api/x')
    expect([answer.status, await answer.text(), answer.headers.get('x-rate')]).toEqual([201, 'made', '5'])
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('clear-site-data')).toBeNull()
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await browser.session()).signedIn).toBe(true)
  })

  const plain = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, `of-${name}`]))

  test('tells the API what it needs from the page, and nothing else (S60)', async () => {
    const { api, browser } = await signedIn(() => ({ requestHeaders: ['X-Own', 'x-own-hop'] }))
    const needed = {
      ...plain(['if-match', 'if-none-match', 'if-range', 'prefer', 'idempotency-key', 'content-language']),
      ...plain(['x-request-id', 'x-sandbox-name', 'x-adobe-any', 'x-gw-ims-org-id', 'x-proxy-global-company-id']),
      accept: 'application/json',
      'accept-language': 'de',
      'cache-control': 'no-cache',
      'content-type': 'text/plain',
      range: 'bytes=0-1',
      'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-own': 'named by the rule',
    }
    const others = plain([
      'authorization-x',
      'base-url',
      'cf-connecting-ip',
      'client-ip',
      'fly-client-ip',
      'forwarded',
      'from',
      'true-client-ip',
      'via',
      'x-api-key',
      'x-api-user',
      'x-cluster-client-ip',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-host',
      'x-http-method',
      'x-http-method-override',
      'x-method-override',
      'x-original-host',
      'x-original-url',
      'x-real-ip',
      'x-rewrite-url',
      'x-unknown',
      'x-vercel-id',
    ])
    const hop = { connection: 'x-own-hop, x-adobe-hop', 'x-own-hop': 'a', 'x-adobe-hop': 'b' }
    await browser.call('/api/x', { method: 'POST', body: 'a', headers: { ...needed, ...others, ...hop } })
    const { headers } = api.seen[0] as Seen
    expect(headers).toMatchObject(needed)
    const { 'x-api-key': key, ...rest } = headers
    expect(key).toBe('site')
    const sent = Object.keys(rest).filter((name) => name in others || name in hop)
    // Node's own client says how long it keeps the connection
    expect(sent.filter((name) => name !== 'connection')).toEqual([])
    expect(headers.connection).not.toContain('x-own-hop')
  })

  test('tells the page what it needs from the API, and nothing else', async () => {
    const needed = {
      ...plain([
        'content-language',
        'preference-applied',
        'x-request-id',
        'x-debug-id',
        'x-adobe-any',
        'x-total-count',
      ]),
      'accept-ranges': 'bytes',
      'content-disposition': 'attachment; filename=a.csv',
      'content-range': 'bytes 0-1/9',
      'content-type': 'application/hal+json',
      etag: '"1"',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      link: '<https://api.example/v1/x?page=2>; rel="next"',
      'retry-after': '5',
      vary: 'accept',
      'x-ratelimit-remaining': '9',
      'x-own': 'named by the rule',
    }
    const others = plain([
      'access-control-allow-credentials',
      'alt-svc',
      'cdn-cache-control',
      'clear-site-data',
      'cross-origin-opener-policy',
      'document-policy',
      'nel',
      'no-vary-search',
      'origin-agent-cluster',
      'permissions-policy',
      'refresh',
      'report-to',
      'reporting-endpoints',
      'service-worker-allowed',
      'set-cookie2',
      'set-login',
      'sourcemap',
      'speculation-rules',
      'supports-loading-mode',
      'surrogate-control',
      'timing-allow-origin',
      'use-as-dictionary',
      'www-authenticate',
      'x-accel-redirect',
      'x-frame-options',
      'x-middleware-rewrite',
      'x-powered-by',
      'x-sendfile',
      'x-unknown',
    ])
    const { browser } = await signedIn(() => ({ responseHeaders: ['x-own'] }), { headers: { ...needed, ...others } })
    const answer = await browser.call('/api/x')
    const headers = Object.fromEntries(answer.headers)
    expect(headers).toMatchObject(needed)
    expect(Object.keys(headers).filter((name) => name in others)).toEqual([])
    expect(headers['content-security-policy']).toContain('sandbox')
  })

  test('passes on what the documentation lists', () => {
    const page = readFileSync(new URL('../../../docs/backend-for-a-page.md', import.meta.url), 'utf8')
    const row = (start: string) => page.split('\n').find((line) => line.startsWith(start)) ?? ''
    const listed = (start: string) =>
      [...row(start).matchAll(/`([^`]+)`/g)].flatMap(([, name = '']) => (name.endsWith('*') ? [] : name))
    expect(listed('| browser to API |')).toEqual(forwardedHeaders)
    expect(listed('| API to browser |')).toEqual(returnedHeaders)
  })

  test('names the address of what it made as a path of the site if it is one', async () => {
    for (const [location, seen] of [
      ['/v1/items/1', '/api/items/1'],
      ['https://other.example/items/1', 'https://other.example/items/1'],
    ] as const) {
      const { browser } = await signedIn(() => ({}), { status: 201, headers: { location } })
      expect((await browser.call('/api/items', { method: 'POST' })).headers.get('location')).toBe(seen)
    }
  })

  test('passes on what has no body', async () => {
    for (const status of [204, 304]) {
      const { browser } = await signedIn(() => ({}), { status, headers: { etag: '"1"' } })
      const answer = await browser.call('/api/x')
      expect([answer.status, answer.body, answer.headers.get('etag')]).toEqual([status, null, '"1"'])
    }
  })

  test.each([
    [{ requestHeaders: ['cookie'] }],
    [{ requestHeaders: ['Authorization'] }],
    [{ requestHeaders: ['x-forwarded-for'] }],
    [{ requestHeaders: ['host'] }],
    [{ requestHeaders: ['not a name'] }],
    [{ requestHeaders: [''] }],
    [{ requestHeaders: [5] }],
    [{ responseHeaders: ['Set-Cookie'] }],
    [{ responseHeaders: ['access-control-allow-origin'] }],
    [{ responseHeaders: ['service-worker-allowed'] }],
    [{ responseHeaders: ['content-security-policy-report-only'] }],
    [{ responseHeaders: ['content-length'] }],
  ])('cannot be made to pass on %j', (more) => {
    const flow = authorizationCode({ clientId: 'site', scopes: [] })
    const proxy = [{ path: '/api/', to: 'https://api.example/', ...more } as ProxyRule]
    expect(() => createAuthHandler({ flow, sessionSecret: 'x'.repeat(32), proxy })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('header') }),
    )
  })

  test.each(['https://evil.example/', '//evil.example/v1/', '/admin', '/v1/..%2fadmin', 'http://127.0.0.1:9/v1/'])(
    'is not redirected to %s',
    async (location) => {
      const { api, browser } = await signedIn(() => ({}), { status: 302, headers: { location } })
      const answer = await browser.call('/api/x')
      expect([answer.status, answer.headers.get('location')]).toEqual([502, null])
      expect(api.seen).toHaveLength(1)
    },
  )

  test('is redirected within its rule, through the site (S60)', async () => {
    const { browser } = await signedIn(() => ({}), { status: 307, headers: { location: '/v1/other?y=2' } })
    const answer = await browser.call('/api/x')
    expect([answer.status, answer.headers.get('location')]).toEqual([307, '/api/other?y=2'])
  })

  test('by a method or with a body that is not allowed goes nowhere', async () => {
    const { api, browser } = await signedIn(() => ({ methods: ['GET', 'POST'], maxBody: 10 }))
    expect((await browser.call('/api/x', { method: 'DELETE' })).status).toBe(405)
    expect((await browser.call('/api/x', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413)
    expect(api.seen).toEqual([])
    expect((await browser.call('/api/x', { method: 'POST', body: 'x'.repeat(10) })).status).toBe(200)
  })

  test('without a session is a 401, one to an API that is down a 502', async () => {
    const { browser } = await signedIn(() => ({ to: 'http://127.0.0.1:9/' }))
    expect((await browser.call('/api/x')).status).toBe(502)
    await browser.call('/auth/logout', { method: 'POST' })
    expect((await browser.ask('/api/x', { headers: { 'x-csrf-token': 'any' } })).status).toBe(401)
  })

  test('with a token that IMS took back is sent once more with a new one', async () => {
    const { emulator, visitor } = await setting()
    const browser = visitor({ proxy: [{ path: '/api/', to: `${emulator.url}/api/` }] })
    await browser.signIn()
    emulator.fault({ path: '/api/echo', status: 401 })
    const answer = await browser.call('/api/echo', { method: 'POST', body: 'x' })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ method: 'POST', client_id: 'site' })
    // the renewed tokens went into the cookie
    expect((await browser.call('/api/echo')).status).toBe(200)
  })
})
