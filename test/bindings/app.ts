import { onTestFinished } from 'vitest'
import { authorizationCode, pageArrival } from '../../src/adapters/browser/index.ts'
import { createClient, type LoginClient, memoryPlatform, memoryStore } from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { autoRedirect, follow } from '../core/setting.ts'
// what is loaded lazily is there at once
import '../../src/core/login/login.ts'
import '../../src/core/login/watch-session.ts'

const origin = 'http://localhost:3000'

export const emulator: Emulator = await createEmulator({ autoLogin: 'user@example.com' })

/** A client of a browser app whose users are signed in at IMS, so that a login needs no form. */
export function newClient(more: object = {}): LoginClient {
  const client = createClient({
    flow: authorizationCode({
      clientId: emulator.contexts.oauth_public.client_id,
      scopes: ['openid', 'profile', 'offline_access'],
      redirectUri: `${origin}/callback`,
    }),
    endpoint: emulator.url,
    fetch: emulator.fetch,
    ...memoryPlatform(),
    store: memoryStore(),
    arrival: pageArrival,
    redirect: autoRedirect(emulator),
    ...more,
  })
  onTestFinished(() => client.close())
  return client
}

/** Puts the callback of a login by redirect into the address of the page. */
export async function arrive(client: LoginClient, returnTo?: string): Promise<void> {
  const callback = await follow(emulator, await client.startLogin({ returnTo }))
  history.replaceState(null, '', callback.href)
}

/** The same for a user who canceled. */
export async function arriveDenied(client: LoginClient): Promise<void> {
  const state = (await client.startLogin()).searchParams.get('state')
  history.replaceState(null, '', `/callback?error=access_denied&state=${state}`)
}
