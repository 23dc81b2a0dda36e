/** A token endpoint (RFC 6749, section 3.2) and the unit of `expires_in` in its answers. */
export interface TokenEndpoint {
  readonly path: string
  readonly unit: 's' | 'ms'
}

/** `POST /ims/token/v1` */
export const tokenV1: TokenEndpoint = { path: '/ims/token/v1', unit: 'ms' }

/** `POST /ims/token/v2` */
export const tokenV2: TokenEndpoint = { path: '/ims/token/v2', unit: 's' }

/** `POST /ims/token/v3` */
export const tokenV3: TokenEndpoint = { path: '/ims/token/v3', unit: 's' }

/** `POST /ims/token/v4` */
export const tokenV4: TokenEndpoint = { path: '/ims/token/v4', unit: 's' }

/** The grant with which a service acts for the user of a token (RFC 8693). */
export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** Names an access token in a token exchange. */
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** The v3 endpoint for the grant `cluster_at_exchange`, which reads the client ID from the query. */
export function tokenV3For(clientId: string): TokenEndpoint {
  return { ...tokenV3, path: `${tokenV3.path}?client_id=${encodeURIComponent(clientId)}` }
}
