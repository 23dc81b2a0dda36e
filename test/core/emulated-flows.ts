import { createClient } from '../../src/core/index.ts'
import { emulator, on, useEmulator } from './emulated.ts'
import { autoRedirect, publicFlow } from './setting.ts'

export * from './emulated.ts'

export const service = { clientId: 'service', clientSecret: 'service-secret', code: 'permanent-code' }
/** The client of an API that acts for its users. */
export const api = { clientId: 'api', clientSecret: 'api-secret' }
useEmulator({
  users: [
    {
      email: 'user@example.com',
      organizations: [
        { id: 'ONE@AdobeOrg', name: 'One' },
        { id: 'TWO@AdobeOrg', name: 'Two' },
      ],
    },
  ],
  clients: [
    { clientId: service.clientId, clientSecrets: [service.clientSecret], permanentCode: service.code },
    { clientId: api.clientId, clientSecrets: [api.clientSecret] },
  ],
})

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
