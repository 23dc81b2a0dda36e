import { describe, expect, test } from 'vitest'
import { authorizationCode, createClient, memoryPlatform } from '../../../src/core/index.ts'
import { absoluteUri, checkRedirectUri } from '../../../src/core/login/redirect-uri.ts'
import type { Arrival } from '../../../src/core/ports.ts'

const flow = (redirectUri: string) => authorizationCode({ clientId: 'a', scopes: ['openid'], redirectUri })

const page: Arrival = {
  url: () => undefined,
  here: () => 'https://app.example/deep/page?x#y',
  clear() {},
  handOver: async () => false,
  completed() {},
  accepts: () => true,
}

describe('a redirect URI', () => {
  test.each(['/', '/spa', '/a/b?c=d', 'https://app.example', 'http://localhost:5173/', 'adobe+0123://adobeid/x'])(
    '%s is accepted',
    (uri) => {
      expect(() => checkRedirectUri('redirectUri', uri)).not.toThrow()
      expect(() => flow(uri)).not.toThrow()
    },
  )

  test.each([
    'spa',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/#x',
    'https://app.example/#x',
    './x',
    '',
  ])('%j is refused when the flow is created', (uri) => {
    expect(() => flow(uri)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })
})

test('a path is resolved when a login starts', async () => {
  const client = createClient({ flow: flow('/spa'), ...memoryPlatform(), arrival: page })
  const url = await client.startLogin()
  expect(url.searchParams.get('redirect_uri')).toBe('https://app.example/spa')
  const other = await client.startLogin({ redirectUri: '/other' })
  expect(other.searchParams.get('redirect_uri')).toBe('https://app.example/other')
  await expect(client.startLogin({ redirectUri: 'other' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('a path is resolved when a logout starts, and a wrong one is refused', async () => {
  const client = createClient({ flow: flow('/'), ...memoryPlatform(), arrival: page })
  const url = await client.logout({ postLogoutRedirectUri: '/bye#/hash' })
  expect(url.searchParams.get('redirect_uri')).toBe('https://app.example/bye#/hash')
  await expect(client.logout({ postLogoutRedirectUri: 'bye' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('without a page, a path is refused when a login starts', async () => {
  const client = createClient({ flow: flow('/spa'), ...memoryPlatform() })
  await expect(client.startLogin()).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test.each([
  ['/a', 'https://app.example/b', 'https://app.example/a'],
  ['/a', undefined, '/a'],
  // exactly this is registered, without a slash
  ['https://app.example', 'https://other.example/', 'https://app.example'],
])('%s at %s is %s', (uri, here, absolute) => {
  expect(absoluteUri(uri, here)).toBe(absolute)
})
