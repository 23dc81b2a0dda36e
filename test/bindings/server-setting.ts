import { onTestFinished } from 'vitest'
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

export const day = 24 * 3_600_000
