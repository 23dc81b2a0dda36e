import type { Call } from '../http/call.ts'
import type { Provider } from '../provider.ts'

/** `GET /ims/.well-known/openid-configuration`, with the gaps of the real one. */
export function discovery(_call: Call, { endpoint, issuer }: Provider): Response {
  return Response.json({
    issuer,
    authorization_endpoint: `${endpoint}/ims/authorize/v2`,
    token_endpoint: `${endpoint}/ims/token/v3`,
    userinfo_endpoint: `${endpoint}/ims/userinfo/v2`,
    revocation_endpoint: `${endpoint}/ims/revoke`,
    jwks_uri: `${endpoint}/ims/keys`,
    response_types_supported: ['code', 'token', 'id_token', 'id_token token', 'code id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'email', 'profile'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    claims_supported: ['sub', 'given_name', 'family_name', 'name', 'email', 'email_verified', 'address'],
    grant_types_supported: ['authorization_code', 'implicit_grant', 'refresh_token'],
  })
}

/** `GET /ims/keys`. */
export function jwks(_call: Call, { keys }: Provider): Response {
  return Response.json(keys.jwks)
}
