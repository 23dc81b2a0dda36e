import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { freePort } from '../browser/ims.ts'

/** The address of IMS in the pages: that of the real one. */
export const publicIms = 'https://ims-na1.adobelogin.com'

export interface ImsOfThePages extends RunningEmulator {
  /** The address that it listens on. */
  readonly here: string
  /** The environment of a program that uses the ready-made credential `kind`. */
  environmentOf(kind: string | undefined): Record<string, string>
}

/** The emulator under the name of the real one, with the client id that the pages use as a placeholder. */
export async function startImsOfThePages(): Promise<ImsOfThePages> {
  const port = await freePort()
  const placeholder = { clientId: 'your-client-id', redirectUris: [/http:\/\/localhost:\d+\/[^#]*/] }
  const emulator = await startEmulator({
    host: 'localhost',
    port,
    endpoint: publicIms,
    autoLogin: 'user@example.com',
    clients: [placeholder],
  })
  const here = `http://localhost:${port}`
  const { jwt, oauth, oauth_public, oauth_server_to_server: server } = emulator.contexts
  const { ident = '', authSrc = '' } = { ident: '89ABCDEF0123456789ABCDEF', authSrc: 'AdobeOrg' }
  const kinds: Record<string, Record<string, string>> = {
    jwt: {
      CLIENT_ID: jwt.client_id,
      CLIENT_SECRET: jwt.client_secret,
      ORG_ID: jwt.ims_org_id,
      TECHNICAL_ACCOUNT_ID: jwt.technical_account_id,
      PRIVATE_KEY: jwt.private_key,
    },
    oauth: { CLIENT_ID: oauth.client_id, CLIENT_SECRET: oauth.client_secret, OTHER_ORG_ID: `${ident}@${authSrc}` },
    oauth_public: { CLIENT_ID: oauth_public.client_id },
    // as a starter kit of Adobe Commerce names them
    oauth_variables: {
      OAUTH_CLIENT_ID: server.client_id,
      OAUTH_CLIENT_SECRETS: server.client_secrets.join(),
      OAUTH_IMS_ORG_ID: server.ims_org_id,
      OAUTH_SCOPES: server.scopes.join(),
    },
    oauth_server_to_server: {
      CLIENT_ID: server.client_id,
      CLIENT_SECRET: server.client_secrets[0] ?? '',
      ORG_ID: server.ims_org_id,
      TECHNICAL_ACCOUNT_ID: server.technical_account_id,
      TECHNICAL_ACCOUNT_EMAIL: server.technical_account_email,
    },
  }
  return {
    ...emulator,
    here,
    environmentOf: (kind) => ({ IMS_HERE: here, ...(kind === undefined ? {} : kinds[kind]) }),
  }
}
