import { describe, expect, test } from 'vitest'
import { authorizationCode, createAuthHandler } from '../../../src/adapters/worker/index.ts'
import { origin, secret, setting } from './setting.ts'

describe('a request from elsewhere', () => {
  test.each([
    ['without the token', {}],
    ['with a token of its own', { 'x-csrf-token': 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['from another site', { 'x-csrf-token': 'right', 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour', { 'x-csrf-token': 'right', 'sec-fetch-site': 'same-site' }],
    ['from another origin', { 'x-csrf-token': 'right', origin: 'https://evil.example' }],
    ['from nowhere', { 'x-csrf-token': 'right', origin: 'null' }],
    ['by a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('%s neither signs the user out nor calls an API (S59)', async (_, headers: Record<string, string>) => {
    const { emulator, visitor } = await setting()
    const proxy = [{ path: '/api/', to: `${emulator.url}/api/` }]
    const browser = visitor({ proxy })
    await browser.signIn()
    const { csrfToken = '' } = await browser.session()
    const sent = { ...headers, ...(headers['x-csrf-token'] === 'right' && { 'x-csrf-token': csrfToken }) }
    for (const [path, method] of [
      ['/auth/logout', 'POST'],
      ['/api/echo', 'POST'],
      ['/api/echo', 'GET'],
      ['/api/echo', 'OPTIONS'],
    ] as const) {
      const answer = await browser.ask(path, { method, headers: sent })
      expect([path, method, answer.status]).toEqual([path, method, 403])
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
    expect((await browser.session()).signedIn).toBe(true)
    expect(emulator.requests.filter(({ path }) => path.startsWith('/api/'))).toEqual([])
  })

  test('does not get the user (S59)', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    await browser.signIn()
    const asked = await browser.ask('/auth/session', { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(asked.status).toBe(403)
    const headers = (await browser.ask('/auth/session')).headers
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  })

  test.each([
    ['/auth/logout', 'GET', 405],
    ['/auth/login', 'POST', 405],
    ['/auth/session', 'POST', 405],
    ['/auth/callback', 'POST', 405],
    ['/auth/other', 'GET', 404],
    ['//evil.example/auth/login', 'GET', 404],
  ])('to %s by %s is a %i', async (path, method, status) => {
    const { visitor } = await setting()
    expect((await visitor().ask(path, { method })).status).toBe(status)
  })
})

describe('options', () => {
  const flow = authorizationCode({ clientId: 'site', scopes: ['openid'] })
  test.each([
    ['a short secret', { sessionSecret: 'too short' }],
    ['one short secret of two', { sessionSecret: [secret, 'x'] }],
    ['no secret', { sessionSecret: [] }],
    ['http', { origin: 'http://app.example' }],
    ['http though insecure', { origin: 'http://app.example', insecure: true }],
    ['http on loopback without insecure', { origin: 'http://localhost:1234' }],
    ['a path in the origin', { origin: 'https://app.example/x' }],
    ['a base that ends with a slash', { basePath: '/auth/' }],
    ['an afterLogin on another site', { afterLogin: '//evil.example' }],
    ['a flow without a login', { flow: {} as never }],
    ['an unknown environment', { env: 'nowhere' }],
  ])('with %s are refused', (_, wrong) => {
    expect(() => createAuthHandler({ flow, sessionSecret: secret, origin, ...wrong })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    )
  })

  test('of a site that is not known to be https are refused at the first request', async () => {
    const handler = createAuthHandler({ flow, sessionSecret: secret })
    const answer = await handler(new Request('http://app.example/auth/login'))
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain('https')
  })

  test('may name another callback, and another base', async () => {
    const { visitor } = await setting({ basePath: '/me/in' })
    expect((await visitor().ask('/me/in/session')).status).toBe(200)
    expect((await visitor().ask('/auth/session')).status).toBe(404)
  })
})
