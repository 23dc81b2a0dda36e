import { authorizationCode, createClient, type LoginClient } from '../../src/core/index.ts'
import { emulator, on, useEmulator } from './emulated.ts'
import { autoRedirect, loginScopes, publicFlow, redirectUri } from './setting.ts'

export * from './emulated.ts'

useEmulator()

export const { client_id, client_secret } = { client_id: 'emulator-web-app', client_secret: 'emulator-web-app-secret' }
export const webFlow = () =>
  authorizationCode({ clientId: client_id, clientSecret: client_secret, scopes: loginScopes, redirectUri })

export async function signedIn(flow = publicFlow(emulator)): Promise<LoginClient> {
  const client = createClient({ flow, ...on, redirect: autoRedirect(emulator) })
  await client.login()
  on.fetch.sent.length = 0
  on.events.length = 0
  return client
}
export const forms = () => on.fetch.sent.map(({ init }) => Object.fromEntries(new URLSearchParams(String(init.body))))
