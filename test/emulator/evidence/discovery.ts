import { absent, list, type Members, type Section, sources, text } from './row.ts'

const both: Members = {
  issuer: '{endpoint}',
  authorization_endpoint: '{endpoint}/ims/authorize/v2',
  token_endpoint: '{endpoint}/ims/token/v3',
  jwks_uri: '{endpoint}/ims/keys',
  revocation_endpoint: '{endpoint}/ims/revoke',
  registration_endpoint: '{endpoint}/ims/register',
  response_types_supported: ['code', 'token', 'id_token', 'id_token token', 'code id_token'],
  response_modes_supported: ['query', 'fragment'],
  grant_types_supported: ['authorization_code', 'implicit_grant', 'refresh_token'],
  scopes_supported: ['openid', 'email', 'profile'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256', 'plain'],
}

const openIdOnly: Members = {
  userinfo_endpoint: '{endpoint}/ims/userinfo/v2',
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  claims_supported: ['sub', 'given_name', 'family_name', 'name', 'email', 'email_verified', 'address'],
}

const notAdvertised: Members = {
  end_session_endpoint: absent,
  device_authorization_endpoint: absent,
  introspection_endpoint: absent,
  authorization_response_iss_parameter_supported: absent,
}

export const discovery: Section = {
  title: 'Discovery and keys',
  rows: [
    {
      id: 'discovery-root',
      fact: 'The OpenID document is at the root of the host, which generic discovery by issuer requests.',
      conflict: 'The documentation names only the path below `/ims/`.',
      source: `${sources.captures}; used live by aiscalestudio/frameio-mcp`,
      confidence: 'A',
      call: { method: 'GET', path: '/.well-known/openid-configuration' },
      answer: {
        status: 200,
        headers: { 'content-type': 'application/json;charset=UTF-8' },
        body: { ...both, ...openIdOnly },
        exact: true,
      },
    },
    {
      id: 'discovery-not-advertised',
      fact: 'The document advertises neither sign-out, nor `none` as authentication, nor `client_credentials` or token exchange.',
      source: sources.captures,
      confidence: 'A',
      call: { method: 'GET', path: '/.well-known/openid-configuration' },
      answer: { status: 200, body: notAdvertised },
    },
    {
      id: 'discovery-ims',
      fact: 'The documented path returns the same document; `implicit_grant` is not the registered name of that grant.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/.well-known/openid-configuration' },
      answer: {
        status: 200,
        body: {
          issuer: '{endpoint}',
          token_endpoint: '{endpoint}/ims/token/v3',
          ...openIdOnly,
          grant_types_supported: ['authorization_code', 'implicit_grant', 'refresh_token'],
        },
      },
    },
    {
      id: 'discovery-oauth',
      fact: 'The document of RFC 8414 is there too, without the members of OpenID Connect.',
      source: sources.captures,
      confidence: 'A',
      call: { method: 'GET', path: '/.well-known/oauth-authorization-server' },
      answer: { status: 200, body: both, exact: true },
    },
    {
      id: 'discovery-no-protected-resource',
      fact: 'IMS does not publish metadata of a protected resource (RFC 9728).',
      source: sources.captures,
      confidence: 'A',
      call: { method: 'GET', path: '/.well-known/oauth-protected-resource' },
      answer: { status: 404 },
    },
    {
      id: 'discovery-no-security-txt',
      fact: 'There is no `security.txt`.',
      source: sources.captures,
      confidence: 'A',
      call: { method: 'GET', path: '/.well-known/security.txt' },
      answer: { status: 404 },
    },
    {
      id: 'discovery-cors',
      fact: 'Whether a browser app may read these documents. In March 2021 it could not (AdobeDocs/adobeio-auth#76); they have changed since.',
      call: {
        method: 'GET',
        path: '/ims/.well-known/openid-configuration',
        headers: { origin: 'https://app.example' },
      },
      answer: 'unknown',
      assumed: { status: 200, headers: { 'access-control-allow-origin': 'https://app.example' } },
    },
    {
      id: 'keys',
      fact: 'The keys that sign ID tokens: RSA of 2048 bits for RS256, without certificates. The recorded ids are `ims` and `ims_na1-key-1`.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/keys' },
      answer: {
        status: 200,
        body: {
          keys: list({
            alg: 'RS256',
            kty: 'RSA',
            use: 'sig',
            kid: text('ims_na1-key-1'),
            e: 'AQAB',
            n: text('qzm6R3'),
            x5c: absent,
            x5t: absent,
            d: absent,
          }),
        },
      },
    },
    {
      id: 'keys-cache',
      fact: 'How long the keys may be cached, how often they change, and whether a browser app may read them.',
      call: { method: 'GET', path: '/ims/keys', headers: { origin: 'https://app.example' } },
      answer: 'unknown',
      assumed: { status: 200 },
    },
  ],
}
