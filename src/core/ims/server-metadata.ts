import type { AuthorizationServer } from 'oauth4webapi'
import { authorizePath } from './endpoints/authorize.ts'
import { keysPath } from './endpoints/keys.ts'
import { revokePath } from './endpoints/revoke.ts'
import { tokenV3 } from './endpoints/token.ts'
import { userinfoPath } from './endpoints/userinfo.ts'

/**
 * IMS's metadata, built in: generic discovery does not find its discovery document, which also does not list PKCE or
 * public clients.
 */
export function serverMetadata(endpoint: string): AuthorizationServer {
  return {
    issuer: endpoint,
    authorization_endpoint: endpoint + authorizePath,
    token_endpoint: endpoint + tokenV3.path,
    userinfo_endpoint: endpoint + userinfoPath,
    revocation_endpoint: endpoint + revokePath,
    jwks_uri: endpoint + keysPath,
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}
