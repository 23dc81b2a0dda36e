import { absent, jwt, milliseconds, type Row, refusal, type Section, sources } from './row.ts'

const client = { client_id: 'service-account', client_secret: 'service-account-secret' }
const form = { ...client, jwt_token: '{assertion}' }
const granted = { access_token: jwt({ type: 'access_token' }), token_type: 'bearer', expires_in: milliseconds }
const path = '/ims/exchange/jwt'
const umapi = 'adobe-apiplatform/umapi-documentation, API access reference'

/** An assertion that is refused. */
const refused = (
  id: string,
  row: Omit<Extract<Row, { source: string }>, 'id' | 'call'> & { assertion: string },
): Row => {
  const { assertion, ...rest } = row
  return { ...rest, id, call: { method: 'POST', path, form: { ...form, jwt_token: `{assertion ${assertion}}` } } }
}
const docs = { source: sources.jwtDocs, confidence: 'A' } as const

export const exchangeJwt: Section = {
  title: 'Assertions of a service account: `/ims/exchange/jwt`',
  intro: 'The credential ended on 30 June 2025; what is left stops with its certificate or on 1 March 2026.',
  rows: [
    {
      id: 'jwt',
      fact: 'IMS exchanges a signed assertion for an access token. The lifetime is in milliseconds; IMS issues no refresh token.',
      source: `${sources.jwtDocs}; adobe-dev-console#54`,
      confidence: 'A',
      call: { method: 'POST', path, form },
      answer: { status: 200, body: { ...granted, refresh_token: absent } },
    },
    {
      id: 'jwt-multipart',
      fact: 'The same as a multipart form.',
      source: sources.aioLibIms,
      confidence: 'B',
      call: { method: 'POST', path, form, multipart: true },
      answer: { status: 200, body: granted },
    },
    {
      id: 'jwt-v1',
      fact: 'The versioned path is the same.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/exchange/v1/jwt', form },
      answer: { status: 200, body: granted },
    },
    {
      id: 'jwt-slash',
      fact: 'A final slash on the path does not matter.',
      source: '@adobe/jwt-auth 2.0; adobe/reactor-uploader#56',
      confidence: 'B',
      call: { method: 'POST', path: `${path}/`, form },
      answer: { status: 200, body: granted },
    },
    {
      id: 'jwt-jti',
      fact: 'An assertion may have a whole number as `jti`.',
      ...docs,
      call: { method: 'POST', path, form: { ...form, jwt_token: '{assertion jti}' } },
      answer: { status: 200, body: granted },
    },
    {
      id: 'jwt-unknown-client',
      fact: 'A client id that IMS does not know.',
      ...docs,
      call: { method: 'POST', path, form: { ...form, client_id: 'nobody' } },
      answer: refusal(400, 'invalid_client'),
    },
    refused('jwt-wrong-audience', {
      assertion: 'wrong-audience',
      fact: '`aud` names another client.',
      ...docs,
      answer: refusal(400, 'invalid_client'),
    }),
    refused('jwt-other-environment', {
      assertion: 'other-environment',
      fact: '`aud` names another environment.',
      source: umapi,
      confidence: 'A',
      answer: refusal(400, 'invalid_client'),
    }),
    {
      id: 'jwt-wrong-secret',
      fact: 'A wrong secret is a 401 here.',
      ...docs,
      call: { method: 'POST', path, form: { ...form, client_secret: 'wrong' } },
      answer: refusal(401, 'invalid_client'),
    },
    {
      id: 'jwt-no-binding',
      fact: 'The client may not exchange assertions.',
      ...docs,
      call: {
        method: 'POST',
        path,
        form: { client_id: 'server-to-server', client_secret: 'first-secret', jwt_token: '{assertion no-binding}' },
      },
      answer: refusal(401, 'invalid_client'),
    },
    {
      id: 'jwt-missing',
      fact: 'The request has no assertion.',
      ...docs,
      call: { method: 'POST', path, form: client },
      answer: refusal(400, 'invalid_token'),
    },
    {
      id: 'jwt-undecodable',
      fact: 'The assertion is not a JWT.',
      ...docs,
      call: { method: 'POST', path, form: { ...form, jwt_token: 'no-jwt' } },
      answer: refusal(400, 'invalid_token'),
    },
    refused('jwt-expired', {
      assertion: 'expired',
      fact: 'The assertion has expired.',
      ...docs,
      answer: refusal(400, 'invalid_token'),
    }),
    refused('jwt-exp-text', {
      assertion: 'exp-text',
      fact: '`exp` is not a number.',
      source: 'Adobe-Consulting-Services/acs-aem-commons#2860; adobe/jwt-auth#6',
      confidence: 'B',
      answer: refusal(400, 'invalid_token', 'JWT token is incorrectly formatted, and can not be decoded.'),
    }),
    refused('jwt-jti-text', {
      assertion: 'jti-text',
      fact: '`jti` is not an integer.',
      ...docs,
      answer: refusal(400, 'invalid_token'),
    }),
    refused('jwt-wrong-key', {
      assertion: 'wrong-key',
      fact: 'No certificate of the client matches the signature.',
      conflict: 'The documentation says `invalid_signature`; the live service was seen to answer otherwise, twice.',
      source: 'AdobeDocs/adobeio-auth#67; adobe/pdfservices-node-sdk-samples#17',
      confidence: 'B',
      answer: refusal(400, 'invalid_token', 'Could not match JWT signature to any of the bindings'),
    }),
    refused('jwt-wrong-algorithm', {
      assertion: 'wrong-algorithm',
      fact: 'Another algorithm than that of the certificate.',
      ...docs,
      answer: refusal(400, 'invalid_signature'),
    }),
    refused('jwt-no-metascope', {
      assertion: 'no-metascope',
      fact: 'The assertion has no metascope.',
      ...docs,
      answer: refusal(400, 'invalid_scope'),
    }),
    refused('jwt-foreign-metascope', {
      assertion: 'foreign-metascope',
      fact: 'A metascope that the client does not have.',
      source: 'adobe/jwt-auth#4',
      confidence: 'B',
      answer: refusal(
        400,
        'invalid_scope',
        'The metascopes in the JWT are not a subset of the metascopes in the binding.',
      ),
    }),
    refused('jwt-bad-sub', {
      assertion: 'bad-sub',
      fact: '`sub` is another account.',
      ...docs,
      answer: refusal(400, 'bad_request'),
    }),
    refused('jwt-bad-iss', {
      assertion: 'bad-iss',
      fact: '`iss` is another organization.',
      ...docs,
      answer: refusal(400, 'bad_request'),
    }),
    refused('jwt-no-exp', {
      assertion: 'no-exp',
      fact: '`exp` is missing.',
      ...docs,
      answer: refusal(400, 'bad_request'),
    }),
    {
      id: 'jwt-jti-missing',
      fact: 'The binding requires a `jti`, and the assertion does not have one.',
      source: umapi,
      confidence: 'A',
      call: { method: 'POST', path, form: { ...form, client_id: 'strict-account', jwt_token: '{assertion strict}' } },
      answer: refusal(400, 'invalid_jti'),
    },
    {
      id: 'jwt-jti-used',
      fact: 'The binding requires a `jti`, and this one was used before.',
      source: umapi,
      confidence: 'A',
      call: {
        method: 'POST',
        path,
        form: { ...form, client_id: 'strict-account', jwt_token: '{assertion strict-used}' },
      },
      answer: refusal(400, 'invalid_jti'),
    },
  ],
}
