import { afterEach, expect, test, vi } from 'vitest'
import { lazy } from '../../src/core/lazy.ts'
import { createLanding, type LoginResult } from '../../src/core/login/sign-in.ts'
import type { Arrival } from '../../src/core/ports.ts'

test('what is loaded late is loaded once', async () => {
  const load = vi.fn(async () => ({ part: 1 }))
  const part = lazy(load)
  expect(load).not.toHaveBeenCalled()
  expect([await part(), await part()]).toEqual([{ part: 1 }, { part: 1 }])
  expect(load).toHaveBeenCalledTimes(1)
})

test('what cannot be loaded is NETWORK_FAILED, and is tried again by the next call', async () => {
  let online = false
  const part = lazy(async () => {
    if (!online) throw new TypeError('Failed to fetch dynamically imported module: https://app.example/a.js')
    return 'here'
  })
  await expect(part()).rejects.toMatchObject({ name: 'UnavailableError', code: 'NETWORK_FAILED' })
  online = true
  expect(await part()).toBe('here')
})

/** A page that someone came back on, at `/callback?code=1&state=2` until it is cleared. */
function arrivalOf(path: string): Arrival {
  let here = `https://app.example${path}`
  return {
    url: () => (here.includes('?') ? new URL(here) : undefined),
    here: () => here,
    clear: () => {
      here = here.replace(/\?.*/, '')
    },
    handOver: async () => false,
    completed: () => {},
    accepts: () => true,
  }
}

const isOurs = async () => true

test('the address is cleared before anything is loaded, and its answer is not lost where that fails', async () => {
  const arrival = arrivalOf('/callback?code=1&state=2')
  const result = { tokens: { accessToken: 'token', expiresAt: 1 } } satisfies LoginResult
  const finish = vi
    .fn(async (_: Arrival, url: URL) => ({ result: Promise.resolve({ ...result, returnTo: url.search }) }))
    .mockRejectedValueOnce(new Error('offline'))
  const landing = createLanding({ arrival, isOurs, finish })
  await expect(landing.read()).rejects.toThrow('offline')
  expect(arrival.here()).toBe('https://app.example/callback')
  const again = await landing.read()
  expect(again).toEqual({ ...result, returnTo: '?code=1&state=2' })
  expect(await landing.read()).toBe(again)
  expect(finish).toHaveBeenCalledTimes(2)
})

test('an answer to anybody else stays in the address, and what is not known is asked again', async () => {
  const arrival = arrivalOf('/callback?code=1&state=2')
  const finish = vi.fn(async () => ({ result: Promise.resolve(undefined) }))
  const isOurs = vi.fn(async () => false).mockRejectedValueOnce(new Error('store'))
  const landing = createLanding({ arrival, isOurs, finish })
  await expect(landing.read()).rejects.toThrow('store')
  expect(finish).not.toHaveBeenCalled()
  expect(await landing.read()).toBeUndefined()
  expect(await landing.read()).toBeUndefined()
  expect(finish).toHaveBeenCalledTimes(1)
  expect(arrival.here()).toBe('https://app.example/callback?code=1&state=2')
})

test('a page that nobody came back on loads nothing', async () => {
  const finish = vi.fn()
  expect(await createLanding({ arrival: arrivalOf('/'), isOurs, finish }).read()).toBeUndefined()
  expect(finish).not.toHaveBeenCalled()
})

test('an answer that was refused stays so for whoever asks again on that page', async () => {
  const refusal = new Error('refused')
  const finish = vi.fn(async () => ({ result: Promise.reject<LoginResult>(refusal) }))
  const landing = createLanding({ arrival: arrivalOf('/callback?code=1&state=2'), isOurs, finish })
  await expect(landing.read()).rejects.toBe(refusal)
  await expect(landing.read()).rejects.toBe(refusal)
  expect(finish).toHaveBeenCalledTimes(1)
})

afterEach(() => {
  vi.doUnmock('../../src/core/login/login.ts')
  vi.resetModules()
})

test('one who signs out is signed out here, also where the rest of the login cannot be loaded', async () => {
  vi.resetModules()
  vi.doMock('../../src/core/login/login.ts', () => {
    throw new TypeError('Failed to fetch dynamically imported module')
  })
  const { authorizationCode, createClient, memoryPlatform } = await import('../../src/core/index.ts')
  const platform = memoryPlatform()
  const flow = authorizationCode({ clientId: 'app', scopes: ['openid'], redirectUri: 'https://app.example/' })
  const fetch = async () => new Response(null, { status: 200 })
  const client = createClient({ flow, ...platform, fetch })
  const key = `imskit/tokens/${JSON.stringify(['https://ims-na1.adobelogin.com', flow.id, null, null])}`
  await platform.store.set(key, { accessToken: 'token', expiresAt: Date.now() + 3_600_000 })
  expect(await client.getToken()).toBe('token')
  await expect(client.logout()).rejects.toMatchObject({ code: 'NETWORK_FAILED' })
  expect(await platform.store.get(key)).toBeUndefined()
  await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
})
