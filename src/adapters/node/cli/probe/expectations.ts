/**
 * How certain an expectation is: A recorded from the live service or officially documented, B used by a client of Adobe's
 * or measured by a third party, C claimed by one third party.
 */
export type Confidence = 'A' | 'B' | 'C'

/** The expected values of a fact. */
export interface Expectation {
  readonly values: readonly string[]
  readonly confidence: Confidence
}

type Expected = Readonly<Record<string, Expectation>>

const is = (confidence: Confidence, ...values: string[]): Expectation => ({ values, confidence })
const refused = (confidence: Confidence, status: string, ...errors: string[]): Expected => ({
  status: is(confidence, status),
  error: is(confidence, ...errors),
})
const json: Expected = { status: is('A', '200'), type: is('A', 'application/json') }

/** The value of a fact that an answer does not have. */
export const absent = 'absent'
/** Replaces the base URL of IMS. */
export const base = '{ims}'

const oauthMetadata: Expected = {
  ...json,
  issuer: is('A', base),
  authorization_endpoint: is('A', `${base}/ims/authorize/v2`),
  token_endpoint: is('A', `${base}/ims/token/v3`),
  revocation_endpoint: is('A', `${base}/ims/revoke`),
  registration_endpoint: is('A', `${base}/ims/register`),
  jwks_uri: is('A', `${base}/ims/keys`),
  response_types_supported: is('A', 'code, code id_token, id_token, id_token token, token'),
  response_modes_supported: is('A', 'fragment, query'),
  grant_types_supported: is('A', 'authorization_code, implicit_grant, refresh_token'),
  scopes_supported: is('A', 'email, openid, profile'),
  token_endpoint_auth_methods_supported: is('A', 'client_secret_basic, client_secret_post'),
  revocation_endpoint_auth_methods_supported: is('A', 'client_secret_basic, client_secret_post'),
  code_challenge_methods_supported: is('A', 'S256, plain'),
  end_session_endpoint: is('A', absent),
  device_authorization_endpoint: is('A', absent),
  introspection_endpoint: is('A', absent),
  authorization_response_iss_parameter_supported: is('A', absent),
}

const openid: Expected = {
  userinfo_endpoint: is('A', `${base}/ims/userinfo/v2`),
  subject_types_supported: is('A', 'public'),
  id_token_signing_alg_values_supported: is('A', 'RS256'),
  claims_supported: is('A', 'address, email, email_verified, family_name, given_name, name, sub'),
}

const withoutOpenid = Object.fromEntries(Object.keys(openid).map((name) => [name, is('A', absent)]))

const token: Expected = {
  ...json,
  members: is('A', 'access_token, expires_in, token_type'),
  token_type: is('A', 'bearer'),
  'access token': is('B', 'JWT'),
  'header members': is('B', 'alg, itt, kid, x5u'),
  alg: is('B', 'RS256'),
  itt: is('B', 'at'),
  x5u: is('B', 'file name'),
  signature: is('B', 'by a key of /ims/keys'),
  'iss, sub, aud, exp, nbf, iat': is('C', absent),
}

const invalid: Expected = { status: is('B', '200'), valid: is('B', 'false') }

/** The documents that were recorded completely: any other member is a difference. */
export const complete: readonly string[] = ['discovery', 'metadata of OAuth']

/** Public evidence of how IMS answers, by call and fact. All other facts are unknown. */
export const expectations: Readonly<Record<string, Expected>> = {
  discovery: { ...oauthMetadata, ...openid },
  'discovery below /ims': { ...json, issuer: is('A', base) },
  'metadata of OAuth': { ...oauthMetadata, ...withoutOpenid },
  'protected resource': { status: is('A', '404') },
  keys: { ...json, kty: is('A', 'RSA'), alg: is('A', 'RS256'), use: is('A', 'sig') },
  token: { ...token, expires_in: is('A', 'seconds') },
  'JWT exchange': { ...token, expires_in: is('B', 'milliseconds') },
  validation: { status: is('B', '200'), valid: is('B', 'true'), 'scope in token': is('B', absent) },
  'altered token': { ...invalid, reason: is('C', 'bad_signature') },
  revocation: { status: is('A', '200'), body: is('A', 'empty') },
  invalidation: { status: is('B', '200'), body: is('C', 'empty') },
  'revoked token': invalid,
  'unknown client': {
    ...refused('B', '400', 'invalid_client'),
    error_description: is('B', 'invalid client_id parameter'),
  },
  'wrong secret': {
    ...refused('B', '400', 'invalid_client'),
    error_description: is('B', 'invalid client_secret parameter'),
  },
  'wrong secret at the JWT exchange': refused('A', '401', 'invalid_client'),
  'secret of a public client': {
    ...refused('C', '400', 'invalid_client'),
    error_description: is('C', 'unexpected client_secret parameter'),
  },
  'unknown grant': refused('C', '400', 'unsupported_grant_type'),
  'grant of another kind of client': refused('B', '400', 'unauthorized_client'),
  'unknown scope': refused('C', '400', 'invalid_scope'),
  'malformed JWT': refused('A', '400', 'invalid_token'),
  'altered JWT': {
    // observation and documentation differ
    ...refused('B', '400', 'invalid_token', 'invalid_signature'),
    error_description: is('B', 'Could not match JWT signature to any of the bindings'),
  },
  'unknown metascope': {
    ...refused('B', '400', 'invalid_scope'),
    error_description: is('B', 'The metascopes in the JWT are not a subset of the metascopes in the binding.'),
  },
  'unknown code': refused('C', '400', 'access_denied'),
}
