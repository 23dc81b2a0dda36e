import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { createClient, type LoginClient } from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../../src/testing/index.ts'
import { autoRedirect, day, platformOn, publicFlow, serverFlow, type WatchedPlatform } from '../setting.ts'

export let emulator: Emulator
export let clock: FakeClock
export let on: WatchedPlatform
export let cleanUp: (() => void)[] = []

beforeAll(async () => {
  emulator = await createEmulator({
    now: () => clock.now(),
    autoLogin: 'user@example.com',
    clients: [
      {
        clientId: 'short',
        clientSecrets: ['short-secret'],
        technicalAccountId: 'S@techacct.adobe.com',
        accessTokenLifetime: 60_000,
      },
    ],
  })
})
beforeEach(reset)
afterEach(() => {
  for (const each of cleanUp) each()
  cleanUp = []
})

/** Starts over: a new clock, and everything that a platform stores is gone. */
export function reset(): void {
  clock = fakeClock()
  on = platformOn(emulator, clock)
}

/** Goes on with another platform. */
export function usePlatform(other: WatchedPlatform): void {
  on = other
}

export const fault = (options: Parameters<Emulator['fault']>[0]) => void cleanUp.push(emulator.fault(options))
export const refuse = (error: string, status = 400) => fault({ path: '/ims/token', status, body: { error } })
export const serverClient = (more: object = {}) => createClient({ flow: serverFlow(emulator), ...on, ...more })
export const shortFlow = () =>
  serverFlow({
    contexts: {
      ...emulator.contexts,
      oauth_server_to_server: {
        ...emulator.contexts.oauth_server_to_server,
        client_id: 'short',
        client_secrets: ['short-secret'],
      },
    },
  })

/** A client whose person has signed in, with nothing counted yet. */
export async function signedIn(more: object = {}): Promise<LoginClient> {
  const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator), ...more })
  await client.login()
  on.fetch.sent.length = 0
  on.lock.taken = 0
  on.events.length = 0
  return client
}
export const types = () => on.events.map(({ type }) => type)
export const sentTokens = () =>
  on.fetch.sent.map(({ init }) => new URLSearchParams(String(init.body)).get('refresh_token'))
/** Every refresh token is worth one request: whoever sends one twice has lost the session. */
export const noReuse = () => {
  const sent = sentTokens().filter((token) => token !== null)
  expect(new Set(sent).size).toBe(sent.length)
}
export const nearExpiry = (left = 5 * 60_000) => clock.set(clock.now() + day - left)
