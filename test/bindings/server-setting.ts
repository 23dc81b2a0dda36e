import { expect, onTestFinished } from 'vitest'
import {
  type AuthHandlerOptions,
  authorizationCode,
  clientCredentials,
  createClient,
  memoryPlatform,
  systemClock,
} from '../../src/adapters/worker/index.ts'
import { startEmulator } from '../../src/emulator/index.ts'
import { serve } from '../worker/to-node/serve.ts'
import type { Visitor } from '../worker/visitor.ts'

/** An API behind a guard: its options, and the headers of a caller. */
export async function guarded(scopes = ['openid', 'AdobeID']) {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  const { client_id: clientId, client_secrets: clientSecret } = emulator.contexts.oauth_server_to_server
  const flow = clientCredentials({ clientId, clientSecret, scopes })
  const token = await createClient({ flow, endpoint: emulator.url, ...memoryPlatform() }).getToken()
  const options = { allowList: [clientId], scopes: ['openid'], endpoint: emulator.url }
  return { emulator, clientId, token, options, headers: { authorization: `Bearer ${token}` } }
}

const clientSecret = 'p8e-client-secret-of-the-site'

/** A backend with users who sign in without interaction: its options, and the clock of both sides. */
export async function backed() {
  let ahead = 0
  const now = () => Date.now() + ahead
  const emulator = await startEmulator({
    autoLogin: 'user@example.com',
    now,
    clients: [
      {
        clientId: 'site',
        clientSecrets: [clientSecret],
        redirectUris: [/^http:\/\/127\.0\.0\.1:\d+\/auth\/callback$/],
      },
    ],
  })
  onTestFinished(() => emulator.close())
  const api = await serve(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    response.end(JSON.stringify({ body, type: request.headers['content-type'] }))
  })
  const options: AuthHandlerOptions = {
    flow: authorizationCode({ clientId: 'site', clientSecret, scopes: ['openid', 'offline_access'] }),
    sessionSecret: 'a secret of the tests with more than 32 bytes',
    endpoint: emulator.url,
    insecure: true,
    clock: { ...systemClock, now },
    proxy: [{ path: '/api/', to: `${api}/` }],
  }
  return {
    emulator,
    options,
    pass(ms: number) {
      ahead += ms
    },
  }
}

type BackedSite = Pick<Awaited<ReturnType<typeof backed>>, 'emulator' | 'pass'> & { readonly browser: Visitor }

export const day = 24 * 3_600_000

/** What a visitor who is signed in does last: calls the API through the backend, and signs out. */
export async function callAndSignOut(browser: Visitor): Promise<void> {
  const init = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }
  expect(await (await browser.call('/api/echo', init)).json()).toEqual({ body: '{"a":1}', type: 'application/json' })
  expect((await browser.call('/auth/logout', { method: 'POST' })).status).toBe(200)
  expect(await (await browser.ask('/')).text()).toBe('signed out')
}

/** A visitor signs in, IMS revokes the refresh token, and the next request clears the session. */
export async function loseSession({ browser, emulator, pass }: BackedSite): Promise<void> {
  await browser.signIn()
  pass(day)
  emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 5 })
  expect((await browser.ask('/inbox')).status).toBe(401)
  expect([...browser.jar.keys()].filter((name) => name.includes('session'))).toEqual([])
}
