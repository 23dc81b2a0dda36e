import { absent, like, type Section, sources, text } from './row.ts'

const path = '/ims/validate_token/v1'
const client_id = 'web-app'
const valid = {
  status: 200,
  body: {
    valid: true,
    token: {
      client_id: 'web-app',
      user_id: '{user_id}',
      type: 'access_token',
      created_at: like(/^\d{13}$/, '1700000000000'),
      expires_in: '86400000',
    },
  },
} as const
const invalid = { status: 200, body: { valid: false, reason: text('bad_signature'), token: absent } } as const

export const validate: Section = {
  title: 'Validation: `/ims/validate_token/v1`',
  rows: [
    {
      id: 'validate-bearer',
      fact: 'The token is sent as bearer token, its type and client in the body.',
      source: sources.aioLibIms,
      confidence: 'B',
      call: { method: 'POST', path, form: { type: 'access_token', client_id }, bearer: '{access_token}' },
      answer: valid,
    },
    {
      id: 'validate-body',
      fact: 'The token can also be in the body. ims-go sends the client id in a header as well.',
      source: `${sources.imsGo}; ${sources.spacecat}`,
      confidence: 'B',
      call: {
        method: 'POST',
        path,
        form: { type: 'access_token', client_id, token: '{access_token}' },
        headers: { 'x-ims-clientid': client_id },
      },
      answer: valid,
    },
    {
      id: 'validate-get',
      fact: 'GET works as well.',
      source: 'Two App Builder apps by Adobe',
      confidence: 'B',
      call: { method: 'GET', path, query: { type: 'access_token', client_id }, bearer: '{access_token}' },
      answer: valid,
    },
    {
      id: 'validate-no-scopes',
      fact: 'The answer does not contain the scopes of the token.',
      source: sources.frameio,
      confidence: 'B',
      call: { method: 'POST', path, form: { type: 'access_token', client_id }, bearer: '{access_token}' },
      answer: { status: 200, body: { valid: true, token: { scope: absent, scopes: absent } } },
    },
    {
      id: 'validate-refresh-token',
      fact: 'Refresh tokens can be validated (also device tokens and authorization codes).',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'POST', path, form: { type: 'refresh_token', client_id, token: '{refresh_token}' } },
      answer: { status: 200, body: { valid: true, token: { type: 'refresh_token' } } },
    },
    {
      id: 'validate-invalid',
      fact: 'A token that is not valid is a 200 as well.',
      source: `${sources.frameio}; fixtures of third parties (\`bad_signature\`)`,
      confidence: 'B',
      call: { method: 'POST', path, form: { type: 'access_token', client_id, token: '{garbage access_token}' } },
      answer: invalid,
    },
    {
      id: 'validate-signed-out',
      fact: 'A sign-out revokes the access token.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'POST', path, form: { type: 'access_token', client_id, token: '{access_token signed-out}' } },
      answer: invalid,
    },
    {
      id: 'validate-cascaded',
      fact: 'Invalidating a refresh token with `cascading=all` also invalidates the access token that was issued with it.',
      source: `${sources.imscli}; ${sources.imsGo}`,
      confidence: 'B',
      call: { method: 'POST', path, form: { type: 'access_token', client_id, token: '{access_token cascaded}' } },
      answer: invalid,
    },
    {
      id: 'validate-earlier',
      fact: 'The tokens of earlier assertions stay valid when another one is exchanged.',
      source: sources.jwtDocs,
      confidence: 'A',
      call: {
        method: 'POST',
        path,
        form: { type: 'access_token', client_id: 'service-account', token: '{account_token earlier}' },
      },
      answer: { status: 200, body: { valid: true } },
    },
    {
      id: 'validate-expired',
      fact: 'The reason for a token that has expired.',
      later: 2 * 86_400_000,
      call: { method: 'POST', path, form: { type: 'access_token', client_id, token: '{access_token}' } },
      answer: 'unknown',
      assumed: { status: 200, body: { valid: false, reason: text('expired') } },
    },
    {
      id: 'validate-revoked',
      fact: 'The reason for a token that was revoked.',
      call: { method: 'POST', path, form: { type: 'access_token', client_id, token: '{access_token revoked}' } },
      answer: 'unknown',
      assumed: { status: 200, body: { valid: false, reason: text('revoked') } },
    },
    {
      id: 'validate-other-client',
      fact: 'What the answer is if another client asks about a token. One scanner treats 400, 401 and 403 as invalid.',
      call: { method: 'POST', path, form: { type: 'access_token', client_id: 'old-web-app', token: '{access_token}' } },
      answer: 'unknown',
      assumed: { status: 200, body: { valid: false } },
    },
  ],
}
