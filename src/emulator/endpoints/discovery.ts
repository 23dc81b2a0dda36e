import type { EmulatorCall } from '../http/call.ts'
import type { Provider } from '../provider.ts'

const clientAuthentication = ['client_secret_basic', 'client_secret_post']

// the members of both documents at the root of the host
const serverMembers = ({ endpoint, issuer }: Provider) => ({
  issuer,
  authorization_endpoint: `${endpoint}/ims/authorize/v2`,
  token_endpoint: `${endpoint}/ims/token/v3`,
  revocation_endpoint: `${endpoint}/ims/revoke`,
  jwks_uri: `${endpoint}/ims/keys`,
  response_types_supported: ['code', 'token', 'id_token', 'id_token token', 'code id_token'],
  scopes_supported: ['openid', 'email', 'profile'],
  token_endpoint_auth_methods_supported: clientAuthentication,
  grant_types_supported: ['authorization_code', 'implicit_grant', 'refresh_token'],
})

const openidMembers = ({ endpoint }: Provider) => ({
  userinfo_endpoint: `${endpoint}/ims/userinfo/v2`,
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  claims_supported: ['sub', 'given_name', 'family_name', 'name', 'email', 'email_verified', 'address'],
})

// live since 2026, but not in Adobe's documentation
const liveMembers = ({ endpoint }: Provider) => ({
  response_modes_supported: ['query', 'fragment'],
  revocation_endpoint_auth_methods_supported: clientAuthentication,
  code_challenge_methods_supported: ['S256', 'plain'],
  registration_endpoint: `${endpoint}/ims/register`,
})

const json = (document: object) =>
  Response.json(document, { headers: { 'content-type': 'application/json;charset=UTF-8' } })

/** `GET /ims/.well-known/openid-configuration`: only the members in Adobe's documentation. */
export function documentedDiscovery(_call: EmulatorCall, provider: Provider): Response {
  return json({ ...serverMembers(provider), ...openidMembers(provider) })
}

/**
 * `GET /.well-known/openid-configuration`, with the members of the live document. As there, these are absent although
 * IMS has them: `none`, `client_credentials`, token exchange, `end_session_endpoint`.
 */
export function discovery(_call: EmulatorCall, provider: Provider): Response {
  return json({ ...serverMembers(provider), ...openidMembers(provider), ...liveMembers(provider) })
}

/** `GET /.well-known/oauth-authorization-server` (RFC 8414): the live document without the members of OpenID Connect. */
export function authorizationServerMetadata(_call: EmulatorCall, provider: Provider): Response {
  return json({ ...serverMembers(provider), ...liveMembers(provider) })
}

/** `GET /ims/keys`. */
export function jwks(_call: EmulatorCall, { keys }: Provider): Response {
  return Response.json(keys.jwks)
}
