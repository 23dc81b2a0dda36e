import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'

// the clients and the user that the rows speak of

/** The rows name production, so that their values are the recorded ones; the emulator answers in process. */
export const endpoint = 'https://ims-na1.adobelogin.com'
const email = 'user@example.com'
const orgId = '0123456789ABCDEF01234567@AdobeOrg'
const technicalAccountId = 'BBBBBBBBBBBBBBBBBBBBBBBB@techacct.adobe.com'
const secret = (clientId: string) => ({ clientId, clientSecrets: [`${clientId}-secret`] })
const app = { redirectUris: ['https://app.example/callback'], consent: false }
const userScopes = ['openid', 'AdobeID', 'profile', 'email', 'address', 'offline_access', 'read_organizations']
const infoScopes = ['projectedProductContext', 'roles', 'ownerOrg'].map((name) => `additional_info.${name}`)
const known = [...userScopes, ...infoScopes, 'account_cluster.read']

/** Options that an older emulator does not know. */
const also = (options: object) => options

/** What {@link createScene} made: an emulator and the key of the service accounts. */
export interface Scene {
  readonly emulator: Emulator
  readonly signingKey: CryptoKey
}

/** The emulator that rows are replayed against. */
export async function createScene(): Promise<Scene> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const account = {
    orgId,
    technicalAccountId,
    metaScopes: ['ent_dataservices_sdk'],
    publicKeys: [await exportJWK(publicKey)],
  }
  const definition = { definitionId: 'the-definition' }
  const emulator = await createEmulator({
    endpoint,
    autoLogin: email,
    users: [{ email, organizations: [{ id: orgId, name: 'Example' }] }],
    clients: [
      { ...secret('web-app'), ...app, scopes: known },
      { clientId: 'page-app', ...app, scopes: known, allowedOrigins: ['https://page.example'] },
      { ...secret('old-web-app'), ...app, scopes: known, grants: ['authorization_code', 'refresh_token', 'implicit'] },
      { ...secret('asking-app'), ...app, consent: true },
      { ...secret('narrow-app'), ...app, scopes: ['openid', 'AdobeID'] },
      { ...secret('middle-tier'), scopes: known },
      {
        clientId: 'server-to-server',
        clientSecrets: ['first-secret', 'second-secret'],
        orgId,
        technicalAccountId,
        scopes: known,
      },
      {
        clientId: 'partner-app',
        clientSecrets: ['partner-secret'],
        technicalAccountId,
        accessTokenLifetime: 3_600_000,
      },
      { ...secret('service'), permanentCode: 'permanent-code' },
      { ...secret('service-account'), ...account },
      {
        ...secret('strict-account'),
        clientSecrets: ['service-account-secret'],
        ...account,
        ...also({ requiresJti: true }),
      },
      {
        clientId: 'promise-emitter',
        clientSecrets: ['emitter-secret'],
        ...app,
        ...also({ promise: { ...definition, role: 'emitter' } }),
      },
      {
        clientId: 'promise-consumer',
        clientSecrets: ['consumer-secret'],
        ...also({ promise: { ...definition, role: 'consumer' } }),
      },
    ],
  })
  return { emulator, signingKey: privateKey }
}
