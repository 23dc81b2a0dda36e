import { expect, test } from 'vitest'
import { authorizationCode, createAuthHandler } from '../../../src/adapters/worker/index.ts'
import { requestInBrowser } from '../../../src/bindings/next/request-in-browser.ts'

const handlerAt = (basePath: string) =>
  createAuthHandler({
    flow: authorizationCode({ clientId: 'app', clientSecret: 's', scopes: 'openid' }),
    origin: 'https://app.example',
    sessionSecret: 'x'.repeat(48),
    basePath,
    proxy: [{ path: '/shop/api/', to: 'https://platform.adobe.io/data/' }],
  })

const pathFor = (basePath: string, path: string) => {
  const request = new Request(`http://localhost:3000${path}`)
  const found = requestInBrowser(handlerAt(basePath), request, basePath)
  return found && new URL(found.url).pathname + new URL(found.url).search
}

test.each([
  ['/auth', '/auth/login', '/auth/login'],
  ['/auth', '/auth/login/?returnTo=/a/', '/auth/login?returnTo=/a/'],
  ['/shop/auth', '/auth/callback?code=1', '/shop/auth/callback?code=1'],
  ['/shop/auth', '/auth/session/', '/shop/auth/session'],
  ['/shop/auth', '/shop/auth/session', '/shop/auth/session'],
  ['/shop/auth', '/api/items', '/shop/api/items'],
  ['/auth', '/', undefined],
  ['/auth', '/account', undefined],
  ['/shop/auth', '/shop/', undefined],
  // not of this handler, though its end is
  ['/auth', '/other/auth/login', undefined],
])('a handler at %s answers %s as %s', (basePath, path, expected) => {
  expect(pathFor(basePath, path)).toBe(expected)
})

test('the method, the headers and the body stay those of the request', async () => {
  const request = new Request('http://localhost:3000/auth/logout/', {
    method: 'POST',
    headers: { 'x-csrf-token': 't' },
    body: 'text',
  })
  const found = requestInBrowser(handlerAt('/shop/auth'), request, '/shop/auth')
  expect([found?.method, found?.headers.get('x-csrf-token'), await found?.text()]).toEqual(['POST', 't', 'text'])
})
