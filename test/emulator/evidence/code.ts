import { absent, jwt, like, milliseconds, type Section, scopes, seconds, sources, text } from './row.ts'

const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const redeem = { grant_type: 'authorization_code', code: '{code}' }
const page = { client_id: 'page-app', code_verifier: '{verifier}' }
const user = text('B0DC@AdobeID')
const offline = 'openid,AdobeID,profile,email,address,offline_access'

const profile = {
  name: text('John Sample'),
  given_name: text('John'),
  family_name: text('Sample'),
  email: text('jsample@email.com'),
  email_verified: 'true',
  address: { country: text('US') },
  sub: user,
}
const adobeId = {
  userId: user,
  account_type: like(/^type\d/, 'type1'),
  utcOffset: 'null',
  preferred_languages: [text('en-us')],
  displayName: text('John Sample'),
  emailVerified: 'true',
  phoneNumber: null,
  countryCode: text('US'),
  mrktPerm: text('EMAIL:false'),
  first_name: text('John'),
  last_name: text('Sample'),
}

export const code: Section = {
  title: 'Tokens of a user: authorization code',
  rows: [
    {
      id: 'code-v3',
      fact: 'A confidential client redeems a code with its secret in the body.',
      source: sources.userDocs,
      confidence: 'A',
      signIn: { scope: offline },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web } },
      answer: {
        status: 200,
        body: {
          access_token: jwt({ type: 'access_token', client_id: 'web-app' }),
          refresh_token: jwt({ type: 'refresh_token' }),
          id_token: jwt({ aud: 'web-app' }),
          sub: user,
          token_type: 'bearer',
          expires_in: seconds,
        },
      },
    },
    {
      id: 'code-v3-only-sub',
      fact: 'v3 returns only `sub` of the user; the profile has its own endpoint.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web } },
      answer: { status: 200, body: { sub: user, email: absent, name: absent, userId: absent } },
    },
    {
      id: 'code-v3-basic',
      fact: 'A confidential client can also use Basic authentication.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: redeem, basic: 'web-app:web-app-secret' },
      answer: { status: 200, body: { access_token: jwt(), token_type: 'bearer', expires_in: seconds } },
    },
    {
      id: 'code-v3-query',
      fact: 'Parameters may be in the query.',
      source: sources.userDocs,
      confidence: 'A',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        query: { client_id: 'web-app' },
        form: { ...redeem, client_secret: web.client_secret },
      },
      answer: { status: 200, body: { access_token: jwt() } },
    },
    {
      id: 'code-v3-public',
      fact: 'A public client sends its id and the code verifier, and no secret.',
      source: sources.userDocs,
      confidence: 'A',
      signIn: { client: 'page-app' },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...page } },
      answer: {
        status: 200,
        body: { access_token: jwt({ client_id: 'page-app' }), token_type: 'bearer', expires_in: seconds },
      },
    },
    {
      id: 'code-v3-plain',
      fact: 'A challenge without a method is `plain`: the verifier itself.',
      source: sources.userDocs,
      confidence: 'A',
      signIn: { client: 'page-app', pkce: 'no method' },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...page } },
      answer: { status: 200, body: { access_token: jwt() } },
    },
    {
      id: 'code-v3-no-offline',
      fact: 'IMS returns a refresh token only with the scope `offline_access`, and an ID token only with `openid`.',
      source: sources.userDocs,
      confidence: 'A',
      signIn: { scope: 'AdobeID,profile' },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web } },
      answer: { status: 200, body: { access_token: jwt(), refresh_token: absent, id_token: absent } },
    },
    {
      id: 'code-v3-adobeid-added',
      fact: 'Without `scope` the token has the scopes of the authorization request, and `AdobeID`.',
      source: sources.frameio,
      confidence: 'B',
      signIn: { scope: 'openid,email' },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web } },
      answer: { status: 200, body: { access_token: jwt({ scope: scopes(['openid', 'email', 'AdobeID']) }) } },
    },
    {
      id: 'code-v3-narrowed',
      fact: 'With `scope` the token has exactly these scopes, without `AdobeID`.',
      source: sources.frameio,
      confidence: 'B',
      signIn: { scope: 'openid,email,profile' },
      call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web, scope: 'openid,email' } },
      answer: { status: 200, body: { access_token: jwt({ scope: 'openid,email' }) } },
    },
    {
      id: 'code-v4',
      fact: 'v4 returns lifetimes in seconds as well.',
      source: `${sources.imsGo}; ${sources.spacecat}`,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v4', form: { ...redeem, ...web } },
      answer: { status: 200, body: { access_token: jwt(), token_type: 'bearer', expires_in: seconds } },
    },
    {
      id: 'code-v2',
      fact: 'v2 returns lifetimes in seconds, and the user in `userId`.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...redeem, ...web } },
      answer: { status: 200, body: { access_token: jwt(), expires_in: seconds, userId: user } },
    },
    {
      id: 'code-v1',
      fact: 'v1 returns lifetimes in milliseconds, a refresh token without `offline_access`, and the profile next to the tokens.',
      source: sources.oldDocs,
      confidence: 'A',
      signIn: { scope: 'openid,AdobeID' },
      call: { method: 'POST', path: '/ims/token/v1', form: { ...redeem, ...web } },
      answer: {
        status: 200,
        body: {
          access_token: jwt(),
          refresh_token: jwt({ type: 'refresh_token' }),
          token_type: 'bearer',
          expires_in: milliseconds,
          ...profile,
          ...adobeId,
        },
      },
    },
    {
      id: 'code-unversioned',
      fact: 'The unversioned path answers like v1.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token', form: { ...redeem, ...web } },
      answer: { status: 200, body: { access_token: jwt(), token_type: 'bearer', expires_in: milliseconds } },
    },
    {
      id: 'code-v1-multipart',
      fact: 'IMS reads a multipart form like an urlencoded one.',
      source: sources.aioLibIms,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v1', form: { ...redeem, ...web, scope: 'openid' }, multipart: true },
      answer: { status: 200, body: { access_token: jwt() } },
    },
  ],
}
