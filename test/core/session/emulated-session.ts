import { expect } from 'vitest'
import { createClient, type LoginClient } from '../../../src/core/index.ts'
import { clock, emulator, fault, on, useEmulator } from '../emulated.ts'
import { autoRedirect, day, publicFlow, serverFlow } from '../setting.ts'

export * from '../emulated.ts'

useEmulator({
  clients: [
    {
      clientId: 'short',
      clientSecrets: ['short-secret'],
      technicalAccountId: 'S@techacct.adobe.com',
      accessTokenLifetime: 60_000,
    },
  ],
})

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
