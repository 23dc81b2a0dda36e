import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.doUnmock('../../../src/core/login/login.ts')
  vi.doUnmock('../../../src/core/login/watch-session.ts')
  vi.resetModules()
})

test('a user who signs out is signed out here and at IMS, even if the rest of the login cannot be loaded', async () => {
  vi.resetModules()
  vi.doMock('../../../src/core/login/login.ts', () => {
    throw new TypeError('Failed to fetch dynamically imported module')
  })
  const { authorizationCode, createClient, memoryPlatform } = await import('../../../src/core/index.ts')
  const platform = memoryPlatform()
  const flow = authorizationCode({ clientId: 'app', scopes: ['openid'], redirectUri: 'https://app.example/' })
  const fetch = async () => new Response(null, { status: 200 })
  const client = createClient({ flow, ...platform, fetch })
  const key = `imskit/tokens/${JSON.stringify(['https://ims-na1.adobelogin.com', flow.id, null, null])}`
  await platform.store.set(key, { accessToken: 'token', expiresAt: Date.now() + 3_600_000 })
  expect(await client.getToken()).toBe('token')
  // the address at IMS needs no further part
  expect((await client.logout()).pathname).toBe('/ims/logout/v1')
  expect(await platform.store.get(key)).toBeUndefined()
  await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
})

test('a session view whose code cannot be loaded is unknown, and the next call tries again', async () => {
  vi.resetModules()
  vi.doMock('../../../src/core/login/watch-session.ts', () => {
    throw new TypeError('Failed to fetch dynamically imported module')
  })
  const { authorizationCode, createClient, memoryPlatform } = await import('../../../src/core/index.ts')
  const flow = authorizationCode({ clientId: 'app', scopes: ['openid'], redirectUri: 'https://app.example/' })
  const { session } = createClient({ flow, ...memoryPlatform() })
  session.get()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(session.get()).toEqual({ status: 'unknown' })
  vi.doUnmock('../../../src/core/login/watch-session.ts')
  await expect.poll(() => session.get()).toEqual({ status: 'signedOut' })
})
