import type { AuthorizationServer } from 'oauth4webapi'
import { authorizePath } from './endpoints/authorize.ts'
import { keysPath } from './endpoints/keys.ts'
import { tokenV3 } from './endpoints/token.ts'

/** The metadata of IMS as far as logins need it, built in: generic discovery does not find IMS's discovery document. */
export function serverMetadata(endpoint: string): AuthorizationServer {
  return {
    issuer: endpoint,
    authorization_endpoint: endpoint + authorizePath,
    token_endpoint: endpoint + tokenV3.path,
    jwks_uri: endpoint + keysPath,
    id_token_signing_alg_values_supported: ['RS256'],
  }
}
