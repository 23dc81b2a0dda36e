import { beforeAll, beforeEach } from 'vitest'
import { createClient } from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import { autoRedirect, platformOn, publicFlow, type WatchedPlatform } from './setting.ts'

export let emulator: Emulator
export let clock: FakeClock
export let on: WatchedPlatform

export const service = { clientId: 'service', clientSecret: 'service-secret', code: 'permanent-code' }
beforeAll(async () => {
  emulator = await createEmulator({
    now: () => clock.now(),
    autoLogin: 'user@example.com',
    users: [
      {
        email: 'user@example.com',
        organizations: [
          { id: 'ONE@AdobeOrg', name: 'One' },
          { id: 'TWO@AdobeOrg', name: 'Two' },
        ],
      },
    ],
    clients: [{ clientId: service.clientId, clientSecrets: [service.clientSecret], permanentCode: service.code }],
  })
})
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
})

/** Goes on with another platform. */
export function usePlatform(other: WatchedPlatform): void {
  on = other
}

export const sent = (index = 0) => {
  const { url, init } = on.fetch.sent[index] ?? { url: 'http://nothing.test', init: {} }
  return { url: new URL(url), init, form: Object.fromEntries(new URLSearchParams(String(init.body))) }
}
export const jwtOptions = () => {
  const { client_id, client_secret, technical_account_id, meta_scopes, ims_org_id, private_key } = emulator.contexts.jwt
  return {
    clientId: client_id,
    clientSecret: client_secret,
    technicalAccountId: technical_account_id,
    metaScopes: meta_scopes,
    orgId: ims_org_id,
    privateKey: private_key,
  }
}
export const userClient = () => createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
