import { afterEach, beforeAll, beforeEach } from 'vitest'
import { authorizationCode, createClient, type LoginClient } from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import { autoRedirect, loginScopes, platformOn, publicFlow, redirectUri, type WatchedPlatform } from './setting.ts'

export let emulator: Emulator
export let clock: FakeClock
export let on: WatchedPlatform
export let cleanUp: (() => void)[] = []

beforeAll(async () => {
  emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com' })
})
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
})
afterEach(() => {
  for (const each of cleanUp) each()
  cleanUp = []
})

export const fault = (options: Parameters<Emulator['fault']>[0]) => void cleanUp.push(emulator.fault(options))
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
