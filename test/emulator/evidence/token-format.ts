import { absent, jwt, like, type Section, scopes, sources, text } from './row.ts'

const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const redeem = { grant_type: 'authorization_code', code: '{code}', ...web }
const call = { method: 'POST', path: '/ims/token/v3', form: redeem } as const
const digits = like(/^\d{13}$/, '1645190000007')

export const tokenFormat: Section = {
  title: 'What is in a token',
  intro: 'Seen in the answer of `POST /ims/token/v3` to a code.',
  rows: [
    {
      id: 'access-token-header',
      fact: 'The header of an access token: `x5u` is only a file name, which strict libraries refuse, and `itt` is the type of the token.',
      source: `${sources.token2022}; ${sources.frameio}`,
      confidence: 'B',
      call,
      answer: {
        status: 200,
        body: {
          access_token: jwt(
            {},
            {
              alg: 'RS256',
              x5u: like(/^[\w-]+\.cer$/, 'ims_na1-key-at-1.cer'),
              kid: text('ims_na1-key-at-1'),
              itt: 'at',
            },
          ),
        },
      },
    },
    {
      id: 'access-token-claims',
      fact: 'Times are milliseconds as text, scopes are separated by commas, and the token expires at the sum of `created_at` and `expires_in`.',
      source: `${sources.aioLibIms}; ${sources.token2022}`,
      confidence: 'B',
      signIn: { scope: 'openid,AdobeID,email' },
      call,
      answer: {
        status: 200,
        body: {
          access_token: jwt({
            id: like(/^\d+_[\da-f-]{36}_ue1$/, '1645190000007_00000000-0000-4000-8000-000000000001_ue1'),
            type: 'access_token',
            client_id: 'web-app',
            user_id: '{user_id}',
            as: 'ims-na1',
            aa_id: text('0123@AdobeID'),
            sid: text('1645190000000_0_ue1'),
            created_at: digits,
            expires_in: '86400000',
            scope: scopes(['openid', 'AdobeID', 'email']),
          }),
        },
      },
    },
    {
      id: 'access-token-lacks',
      fact: 'The token does not follow RFC 9068: these claims are absent.',
      source: `${sources.token2022}; AdobeDocs/adobeio-auth#65`,
      confidence: 'C',
      call,
      answer: {
        status: 200,
        body: { access_token: jwt({ iss: absent, aud: absent, exp: absent, iat: absent, sub: absent, nbf: absent }) },
      },
    },
    {
      id: 'access-token-refresh-claims',
      fact: 'The token contains the id of its refresh token, and when that expires, 14 days later.',
      source: sources.token2022,
      confidence: 'C',
      call,
      answer: { status: 200, body: { access_token: jwt({ rtid: text('1645190000007_0_ue1'), rtea: digits }) } },
    },
    {
      id: 'access-token-signature',
      fact: 'Access tokens verify with the keys of `/ims/keys` (the replay verifies every JWT).',
      conflict: 'One project said that their key is not published, and withdrew it.',
      source: 'ai-ecoverse/slicc worker; da-live worker; frameio-mcp by hand',
      confidence: 'B',
      call,
      answer: { status: 200, body: { access_token: jwt({}, { kid: text('ims_na1-key-at-1') }) } },
    },
    {
      id: 'id-token',
      fact: 'An ID token names the issuer of the discovery document and the client, with times in seconds.',
      source: sources.frameio,
      confidence: 'B',
      signIn: { parameters: { nonce: 'the-nonce' } },
      call,
      answer: {
        status: 200,
        body: {
          id_token: jwt({ iss: '{endpoint}', aud: 'web-app', sub: '{user_id}', nonce: 'the-nonce' }, { alg: 'RS256' }),
        },
      },
    },
    {
      id: 'id-token-x5u',
      fact: 'The header of an ID token has only a file name as `x5u` too. The recorded `kid` is `ims`.',
      source: sources.frameio,
      confidence: 'B',
      call,
      answer: { status: 200, body: { id_token: jwt({}, { x5u: like(/^[\w-]+\.cer$/, 'ims.cer'), kid: text('ims') }) } },
    },
    {
      id: 'id-token-hashes',
      fact: 'Which other claims an ID token has, and whether `at_hash` and `c_hash` are among them.',
      call,
      answer: 'unknown',
      assumed: { status: 200, body: { id_token: jwt() } },
    },
  ],
}
