import type { AuthorizationServer } from 'oauth4webapi'

/** Paths by operation: the version decides the dialect, above all the unit of `expires_in`. */
export const paths = {
  authorize: '/ims/authorize/v2',
  authorizeV1: '/ims/authorize/v1',
  /** `expires_in` in ms. */
  tokenV1: '/ims/token/v1',
  /** `expires_in` in seconds, as in v3. */
  tokenV2: '/ims/token/v2',
  token: '/ims/token/v3',
  validateToken: '/ims/validate_token/v1',
  invalidateToken: '/ims/invalidate_token/v2',
  revoke: '/ims/revoke',
  logout: '/ims/logout/v1',
  userinfo: '/ims/userinfo/v2',
  profile: '/ims/profile/v1',
  organizations: '/ims/organizations/v6',
  keys: '/ims/keys',
  openidConfiguration: '/ims/.well-known/openid-configuration',
} as const

/**
 * IMS's metadata, built in: its discovery document lies where generic discovery does not look, and does not list
 * PKCE or public clients.
 */
export function serverMetadata(endpoint: string): AuthorizationServer {
  return {
    issuer: endpoint,
    authorization_endpoint: endpoint + paths.authorize,
    token_endpoint: endpoint + paths.token,
    userinfo_endpoint: endpoint + paths.userinfo,
    revocation_endpoint: endpoint + paths.revoke,
    jwks_uri: endpoint + paths.keys,
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}
