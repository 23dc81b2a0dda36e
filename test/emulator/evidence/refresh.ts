import { absent, jwt, milliseconds, refusal, type Section, scopes, seconds, sources, text } from './row.ts'

const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const refresh = { grant_type: 'refresh_token', refresh_token: '{refresh_token}' }
const renewed = {
  access_token: jwt({ type: 'access_token' }),
  refresh_token: jwt({ type: 'refresh_token' }),
  token_type: 'bearer',
  expires_in: seconds,
}

export const refreshing: Section = {
  title: 'Tokens of a user: renewal',
  rows: [
    {
      id: 'refresh-v3',
      fact: 'Each renewal returns a new refresh token.',
      conflict:
        'Renewal is set up for each API key: some must sign in again after 14 days (AdobeDocs Lightroom; Adobe in analytics-2.0-apis#152).',
      source: sources.userGuide,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...refresh, ...web } },
      answer: { status: 200, body: renewed },
    },
    {
      id: 'refresh-v3-basic',
      fact: 'A confidential client can use Basic authentication.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: refresh, basic: 'web-app:web-app-secret' },
      answer: { status: 200, body: renewed },
    },
    {
      id: 'refresh-v3-public',
      fact: 'A public client sends its id, for example in the query, and no proof.',
      conflict:
        'The implementation guide says that page and native apps get no refresh tokens; SDKs by Adobe use them.',
      source: sources.userDocs,
      confidence: 'A',
      signIn: { client: 'page-app' },
      call: { method: 'POST', path: '/ims/token/v3', query: { client_id: 'page-app' }, form: refresh },
      answer: { status: 200, body: renewed },
    },
    {
      id: 'refresh-v3-narrowed',
      fact: '`scope` can request fewer scopes than before.',
      source: sources.imsGo,
      confidence: 'B',
      signIn: { scope: 'openid,AdobeID,email,offline_access' },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...refresh, ...web, scope: 'openid,AdobeID' } },
      answer: { status: 200, body: { access_token: jwt({ scope: scopes(['openid', 'AdobeID'], ['email']) }) } },
    },
    {
      id: 'refresh-v1',
      fact: 'At v1 the lifetime is in milliseconds.',
      source: sources.aioLibIms,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v1', form: { ...refresh, ...web }, multipart: true },
      answer: { status: 200, body: { access_token: jwt(), token_type: 'bearer', expires_in: milliseconds } },
    },
    {
      id: 'refresh-lifetime',
      fact: 'A refresh token is valid for 14 days; its claims are milliseconds as text.',
      source: `${sources.userGuide}; ${sources.token2022}`,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...refresh, ...web } },
      answer: {
        status: 200,
        body: {
          refresh_token: jwt({ type: 'refresh_token', expires_in: '1209600000', created_at: text('1645190000007') }),
        },
      },
    },
    {
      id: 'refresh-wrong-secret',
      fact: 'A wrong secret is a 400 here as well.',
      source: 'Badsender-com/LePatron.email; a helper by Adobe (recorded for client credentials)',
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...refresh, ...web, client_secret: 'wrong' } },
      answer: refusal(400, 'invalid_client', 'invalid client_secret parameter'),
    },
    {
      id: 'refresh-expired',
      fact: 'The error for a refresh token that has expired.',
      meaning: 'over',
      later: 15 * 86_400_000,
      call: { method: 'POST', path: '/ims/token/v3', form: { ...refresh, ...web } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_grant'), access_token: absent } },
    },
    {
      id: 'refresh-used',
      fact: 'Whether a renewal invalidates the previous refresh token, and what happens if that is redeemed again.',
      meaning: 'over',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { ...refresh, ...web, refresh_token: '{refresh_token used}' },
      },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_grant') } },
    },
    {
      id: 'refresh-garbage',
      fact: 'The error if the text is not a refresh token.',
      meaning: 'over',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { ...refresh, ...web, refresh_token: '{garbage refresh_token}' },
      },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_grant') } },
    },
    {
      id: 'refresh-more-scopes',
      fact: 'The error for scopes that the login did not grant.',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...refresh, ...web, scope: 'openid,never_granted' } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: 'invalid_scope' } },
    },
  ],
}
