import { exportPKCS8, exportSPKI } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import type { RegisteredClientOptions } from './registry/clients.ts'
import type { UserOptions } from './registry/users.ts'

/** Context data for every kind of credential, with the keys of contexts. */
export interface EmulatorContexts {
  readonly jwt: {
    client_id: string
    client_secret: string
    technical_account_id: string
    meta_scopes: string[]
    ims_org_id: string
    /** PKCS#8 PEM of a key that was generated for this emulator. */
    private_key: string
    endpoint: string
  }
  readonly oauth_server_to_server: {
    client_id: string
    client_secrets: string[]
    technical_account_email: string
    technical_account_id: string
    scopes: string[]
    ims_org_id: string
    endpoint: string
  }
  readonly oauth: { client_id: string; client_secret: string; scope: string; endpoint: string }
  readonly oauth_public: { client_id: string; scope: string; endpoint: string }
}

/** The path of the login relay of the `aio` command, relative to the endpoint. */
export const relayPath = '/api/v1/web/default/applogin'
/** The relay's own client. */
export const cliClientId = 'aio-cli-console-auth'

const orgId = '0123456789ABCDEF01234567@AdobeOrg'
const otherOrgId = '89ABCDEF0123456789ABCDEF@AdobeOrg'

/** The users if the option `users` is not set. They can sign in with any password. */
export const readyMadeUsers: readonly UserOptions[] = [
  {
    email: 'user@example.com',
    organizations: [
      { id: orgId, name: 'Emulated Org' },
      { id: otherOrgId, name: 'Another Emulated Org' },
    ],
  },
]

const metaScopes = [
  'ent_adobeio_sdk',
  'event_receiver_api',
  'ent_dataservices_sdk',
  'ent_user_sdk',
  'ent_analytics_bulk_ingest_sdk',
  'ent_campaign_sdk',
  'ent_marketing_sdk',
  'ent_reactor_sdk',
  'ent_cloudmgr_sdk',
  'ent_documentcloud_sdk',
  'ent_gdpr_sdk',
  'ent_smartcontent_sdk',
  'ent_stocksearch_sdk',
]

/** Scopes that the ready-made clients may request: those in Adobe's documentation and clients. */
const knownScopes = [
  'openid',
  'AdobeID',
  'profile',
  'email',
  'address',
  'offline_access',
  'session',
  'read_organizations',
  'account_cluster.read',
  'additional_info',
  'additional_info.job_function',
  'additional_info.ownerOrg',
  'additional_info.projectedProductContext',
  'additional_info.roles',
  'adobeio_api',
  'adobeio.appregistry.read',
  'manage_client_secrets',
  'read_client_secret',
  'creative_sdk',
  'ff_apis',
  'firefly_api',
  'firefly_enterprise',
  'lr_partner_apis',
  'lr_partner_rendition_apis',
]

const loopbackUri = /https?:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?(\/[^#]*)?/
const userScopes = 'openid,AdobeID,profile,email,offline_access,read_organizations,account_cluster.read'

function contextsFor(endpoint: string, privateKey: string): EmulatorContexts {
  return {
    jwt: {
      client_id: 'emulator-jwt',
      client_secret: 'emulator-jwt-secret',
      technical_account_id: 'AAAAAAAAAAAAAAAAAAAAAAAA@techacct.adobe.com',
      meta_scopes: ['ent_adobeio_sdk'],
      ims_org_id: orgId,
      private_key: privateKey,
      endpoint,
    },
    oauth_server_to_server: {
      client_id: 'emulator-server-to-server',
      client_secrets: ['emulator-first-secret', 'emulator-second-secret'],
      technical_account_email: '00000000-0000-4000-8000-000000000000@techacct.adobe.com',
      technical_account_id: 'BBBBBBBBBBBBBBBBBBBBBBBB@techacct.adobe.com',
      scopes: ['openid', 'AdobeID', 'read_organizations'],
      ims_org_id: orgId,
      endpoint,
    },
    oauth: {
      client_id: 'emulator-web-app',
      client_secret: 'emulator-web-app-secret',
      scope: userScopes,
      endpoint,
    },
    oauth_public: { client_id: 'emulator-public', scope: userScopes, endpoint },
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function clientsFor(
  contexts: EmulatorContexts,
  publicKey: string,
  { scopes, redirectUris }: Required<ReadyMadeOptions>,
): RegisteredClientOptions[] {
  const { jwt, oauth_server_to_server: server, oauth, oauth_public: open } = contexts
  const relay = new RegExp(`${escapeRegExp(oauth.endpoint + relayPath)}([/?][^#]*)?`)
  const loopback = {
    scopes,
    redirectUris: [loopbackUri, ...redirectUris, relay],
    defaultRedirectUri: `${oauth.endpoint}/default-redirect`,
  }
  return [
    {
      clientId: jwt.client_id,
      clientSecrets: [jwt.client_secret],
      orgId: jwt.ims_org_id,
      technicalAccountId: jwt.technical_account_id,
      metaScopes,
      publicKeys: [publicKey],
    },
    {
      clientId: server.client_id,
      clientSecrets: server.client_secrets,
      orgId: server.ims_org_id,
      technicalAccountId: server.technical_account_id,
      technicalAccountEmail: server.technical_account_email,
      scopes,
    },
    { clientId: oauth.client_id, clientSecrets: [oauth.client_secret], ...loopback },
    { clientId: open.client_id, ...loopback },
    { clientId: cliClientId, clientSecrets: [`${cliClientId}-secret`], redirectUris: [relay], scopes },
  ]
}

/** What the ready-made clients may use in addition. */
interface ReadyMadeOptions {
  readonly scopes?: readonly string[]
  readonly redirectUris?: readonly (string | RegExp)[]
}

/** Creates one client per kind of credential, and the contexts for them. */
export async function createReadyMade(
  endpoint: string,
  { scopes: ownScopes = [], redirectUris = [] }: ReadyMadeOptions = {},
): Promise<{
  clients: RegisteredClientOptions[]
  contexts: EmulatorContexts
}> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const contexts = contextsFor(endpoint, await exportPKCS8(privateKey))
  const scopes = [...knownScopes, ...ownScopes]
  return { clients: clientsFor(contexts, await exportSPKI(publicKey), { scopes, redirectUris }), contexts }
}
