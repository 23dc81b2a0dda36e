import { expect, onTestFinished } from 'vitest'
import { authorizationCode, browserPlatform, createClient, idTokenSignature } from '../../src/adapters/browser/index.ts'
import { createEmulator } from '../../src/emulator/index.ts'

/**
 * A complete login in the environment of an app's unit tests: a page without IndexedDB and locks, in which what WebCrypto and
 * TextEncoder return may be of another realm than the page's typed arrays.
 */
export async function signInAndOut(): Promise<void> {
  const emulator = await createEmulator({ autoLogin: 'user@example.com' })
  const events: string[] = []
  const redirectUri = 'http://localhost:3000/callback'
  const client = createClient({
    flow: authorizationCode({
      clientId: emulator.contexts.oauth_public.client_id,
      scopes: ['openid', 'offline_access'],
      redirectUri,
      checkIdToken: idTokenSignature,
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
  const { accessToken: token } = await client.finishLogin(answer.headers.get('location') ?? '')
  expect(await client.getToken()).toBe(token)
  expect(await client.getToken({ force: true })).not.toBe(token)
  await client.logout()
  await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
  expect(events).toEqual(expect.arrayContaining(['store-degraded', 'login', 'logout']))
}
