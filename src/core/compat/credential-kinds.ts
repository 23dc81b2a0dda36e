// a browser app whose contexts are all public bundles none of the other kinds: each is a value without side effects
import { codeFlow } from '../flows/authorization-code.ts'
import { clientCredentials } from '../flows/client-credentials.ts'
import { jwtBearer } from '../flows/jwt-bearer.ts'
import type { PrivateKeySource } from '../keys/read-private-key.ts'
import { type ContextKind, list, parseSecrets, redirectUriOf, text } from './context-kind.ts'

/** Service Account (JWT). */
export const jwtKind: ContextKind = {
  type: 'jwt',
  required: {
    client_id: 'text',
    client_secret: 'text',
    technical_account_id: 'text',
    meta_scopes: 'metascopes',
    ims_org_id: 'text',
    private_key: 'key',
  },
  optional: { passphrase: 'text' },
  secret: true,
  flow: (data) =>
    jwtBearer({
      clientId: text(data, 'client_id'),
      clientSecret: text(data, 'client_secret'),
      technicalAccountId: text(data, 'technical_account_id'),
      metaScopes: list(data, 'meta_scopes'),
      orgId: text(data, 'ims_org_id'),
      privateKey: data.private_key as PrivateKeySource,
      ...(data.passphrase && { passphrase: text(data, 'passphrase') }),
    }),
}

/** OAuth Server-to-Server. */
export const serverToServerKind: ContextKind = {
  type: 'oauth_server_to_server',
  required: {
    client_id: 'text',
    client_secrets: 'secrets',
    technical_account_email: 'text',
    technical_account_id: 'text',
    scopes: 'list',
    ims_org_id: 'text',
  },
  secret: true,
  flow: (data) =>
    clientCredentials({
      clientId: text(data, 'client_id'),
      clientSecret: parseSecrets(data.client_secrets) as string[],
      scopes: list(data, 'scopes'),
      orgId: text(data, 'ims_org_id'),
    }),
}

/** OAuth Web App: a login with a secret. */
export const webAppKind: ContextKind = {
  type: 'oauth',
  required: { client_id: 'text', client_secret: 'text', scope: 'list' },
  optional: { redirect_uri: 'address' },
  secret: true,
  flow: (data) => {
    const redirectUri = redirectUriOf(data)
    return codeFlow({
      clientId: text(data, 'client_id'),
      clientSecret: text(data, 'client_secret'),
      scopes: list(data, 'scope'),
      ...(redirectUri !== undefined && { redirectUri }),
    })
  },
}

/** Single-page and native apps: a login with PKCE and no secret. */
export const publicKind: ContextKind = {
  type: 'oauth_public',
  required: { client_id: 'text', scope: 'list' },
  optional: { redirect_uri: 'address' },
  secret: false,
  flow: (data) => {
    const redirectUri = redirectUriOf(data)
    return codeFlow({
      clientId: text(data, 'client_id'),
      scopes: list(data, 'scope'),
      ...(redirectUri !== undefined && { redirectUri }),
    })
  },
}

/** The kinds that obtain tokens without a user. */
export const machineKinds: readonly ContextKind[] = [jwtKind, serverToServerKind]

/**
 * Every kind, with those of a runtime, in the order in which they are tried: that of `@adobe/aio-lib-ims`. The public
 * client is last, because other kinds have its keys too.
 */
export function kindsWith(ofRuntime: readonly ContextKind[]): readonly ContextKind[] {
  return [...machineKinds, ...ofRuntime, webAppKind, publicKind]
}
