// @vitest-environment happy-dom
import { expect, onTestFinished, test } from 'vitest'
import { authorizationCode, browserPlatform, createClient, webLock } from '../../src/adapters/browser/index.ts'
import { createEmulator } from '../../src/emulator/index.ts'

// where an app's own unit tests run: a page without IndexedDB and locks, with typed arrays of another realm
test('a login begins and ends in a simulated page', async () => {
  expect(navigator.userAgent).toContain('HappyDOM')
  const emulator = await createEmulator({ autoLogin: 'user@example.com' })
  const events: string[] = []
  const redirectUri = 'http://localhost:3000/callback'
  const client = createClient({
    flow: authorizationCode({
      clientId: emulator.contexts.oauth_public.client_id,
      scopes: ['openid', 'offline_access'],
      redirectUri,
    }),
    endpoint: emulator.url,
    fetch: emulator.fetch,
    ...browserPlatform(),
    onEvent: ({ type }) => events.push(type),
  })
  onTestFinished(() => client.close())
  expect(await client.handleRedirect()).toBeUndefined()
  await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
  const answer = await emulator.fetch(new Request(await client.startLogin()))
  const { token } = await client.finishLogin(answer.headers.get('location') ?? '')
  expect(await client.getToken()).toBe(token)
  expect(await client.getToken({ force: true })).not.toBe(token)
  await client.logout()
  await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
  expect(events).toEqual(expect.arrayContaining(['store-degraded', 'login', 'logout']))
})

test('without Web Locks, two locks of one page keep their tasks apart', async () => {
  expect(navigator.locks ?? undefined).toBeUndefined()
  let inside = 0
  let most = 0
  const task = async () => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve))
    inside--
  }
  await Promise.all([webLock()('shared', task), webLock()('shared', task), webLock({ lease: 1 })('shared', task)])
  expect(most).toBe(1)
})
