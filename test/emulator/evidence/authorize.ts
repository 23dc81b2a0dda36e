import { absent, jwt, type KnownRow, like, type Section, scopes, sources } from './row.ts'

const redirect_uri = 'https://app.example/callback'
const challenge = { code_challenge: '{challenge}', code_challenge_method: 'S256' }
const request = { client_id: 'web-app', redirect_uri, scope: 'openid,AdobeID', state: 'the-state' }
const code = jwt({ type: 'authorization_code' })
const implicit = { ...request, client_id: 'old-web-app' }
const lifetime = like(/^863\d\d$/, '86399')
const oldLifetime = like(/^863\d{5}$/, '86399991')
const back = { status: 302, redirect: { to: redirect_uri, query: { code, state: 'the-state' } } } as const

/** One more spelling of the path that leads to a code. */
const version = (path: string, rest: Pick<KnownRow, 'source' | 'confidence'>): KnownRow => ({
  id: `authorize-code${path.slice('/ims/authorize'.length).replace('/', '-') || '-unversioned'}`,
  fact: 'The callback has the code and the state of the request in the query.',
  ...rest,
  call: { method: 'GET', path, query: { ...request, response_type: 'code' } },
  answer: back,
})

export const authorize: Section = {
  title: 'Sign-in: `/ims/authorize`',
  intro:
    'The browser opens the address. The answer is the address that it is redirected to after the user has signed in.',
  rows: [
    version('/ims/authorize/v2', { source: sources.userDocs, confidence: 'A' }),
    version('/ims/authorize/v1', { source: `${sources.aioLibIms}; ${sources.imsGo}`, confidence: 'B' }),
    version('/ims/authorize', { source: sources.oldDocs, confidence: 'A' }),
    version('/ims/authorize/v3', {
      source: 'Command-line tools and a console page that sign in there',
      confidence: 'B',
    }),
    {
      id: 'authorize-default-code',
      fact: '`response_type` may be left out and means `code`; scopes may be separated by spaces.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, scope: 'openid AdobeID' } },
      answer: back,
    },
    {
      id: 'authorize-public',
      fact: 'A public client sends a PKCE challenge.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, client_id: 'page-app', ...challenge } },
      answer: back,
    },
    {
      id: 'authorize-sign-up',
      fact: '`idp_flow=create_account` starts at the page to create an account; the callback is the same.',
      source: 'Pages of Adobe in public code and traces',
      confidence: 'B',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, idp_flow: 'create_account' } },
      answer: back,
    },
    {
      id: 'authorize-social',
      fact: '`idp_flow=social.deep_link.web` with a `provider_id` such as `google` starts at that provider.',
      source: 'Pages of Adobe in public code and traces',
      confidence: 'B',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, idp_flow: 'social.deep_link.web', provider_id: 'google' },
      },
      answer: back,
    },
    {
      id: 'authorize-resource',
      fact: '`resource` names the API that the token is for; ims-go sends it to v1. It can be repeated.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'GET', path: '/ims/authorize/v1', query: { ...request, resource: 'https://api.example/' } },
      answer: back,
    },
    {
      id: 'authorize-fragment',
      fact: 'With `response_mode=fragment` the answer is in the fragment.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, response_mode: 'fragment' } },
      answer: {
        status: 302,
        redirect: { to: redirect_uri, query: { code: absent }, fragment: { code, state: 'the-state' } },
      },
    },
    {
      id: 'authorize-token',
      fact: 'Implicit: the token is in the fragment, and `expires_in` is in seconds.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...implicit, response_type: 'token' } },
      answer: {
        status: 302,
        redirect: {
          to: redirect_uri,
          fragment: {
            access_token: jwt({ type: 'access_token' }),
            token_type: 'bearer',
            expires_in: lifetime,
            state: 'the-state',
          },
        },
      },
    },
    {
      id: 'authorize-token-old',
      fact: 'At the unversioned path `expires_in` is in milliseconds.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/authorize', query: { ...implicit, response_type: 'token' } },
      answer: {
        status: 302,
        redirect: { to: redirect_uri, fragment: { token_type: 'bearer', expires_in: oldLifetime, state: 'the-state' } },
      },
    },
    {
      id: 'authorize-id-token',
      fact: 'With `id_token` the ID token is in the fragment and has the nonce of the request.',
      source: sources.userDocs,
      confidence: 'A',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...implicit, response_type: 'id_token', nonce: 'the-nonce' },
      },
      answer: {
        status: 302,
        redirect: {
          to: redirect_uri,
          fragment: {
            id_token: jwt({ aud: 'old-web-app', nonce: 'the-nonce' }),
            state: 'the-state',
            access_token: absent,
          },
        },
      },
    },
    {
      id: 'authorize-id-token-token',
      fact: '`id_token token` returns both, with type and lifetime.',
      source: sources.userDocs,
      confidence: 'A',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...implicit, response_type: 'id_token token', nonce: 'the-nonce' },
      },
      answer: {
        status: 302,
        redirect: {
          to: redirect_uri,
          fragment: {
            id_token: jwt(),
            access_token: jwt(),
            token_type: 'bearer',
            expires_in: lifetime,
            state: 'the-state',
          },
        },
      },
    },
    {
      id: 'authorize-code-id-token',
      fact: 'The answer to `code id_token` is in the fragment.',
      source: sources.userDocs,
      confidence: 'A',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...implicit, response_type: 'code id_token', nonce: 'the-nonce' },
      },
      answer: { status: 302, redirect: { to: redirect_uri, fragment: { id_token: jwt(), code, state: 'the-state' } } },
    },
    {
      id: 'authorize-state-claim',
      fact: 'The tokens contain the unchanged state as a claim, so it must not contain a secret.',
      source: sources.token2022,
      confidence: 'C',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...implicit, response_type: 'token', state: '{"id":"1"}' },
      },
      answer: {
        status: 302,
        redirect: { to: redirect_uri, fragment: { access_token: jwt({ state: '{"id":"1"}' }), state: '{"id":"1"}' } },
      },
    },
    {
      id: 'authorize-adds-adobeid',
      fact: 'IMS adds `AdobeID` to the requested scopes.',
      source: sources.frameio,
      confidence: 'B',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...implicit, scope: 'openid', response_type: 'token' },
      },
      answer: {
        status: 302,
        redirect: { to: redirect_uri, fragment: { access_token: jwt({ scope: scopes(['openid', 'AdobeID']) }) } },
      },
    },
    {
      id: 'authorize-long-state',
      fact: 'A state may have 4096 characters.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, state: 's'.repeat(4096) } },
      answer: { status: 302, redirect: { to: redirect_uri, query: { code, state: 's'.repeat(4096) } } },
    },
    {
      id: 'authorize-hints',
      fact: '`locale`, `puser` (a hint for the sign-in), `dctx_id` and `resource` are accepted.',
      source: `${sources.oldDocs}; ${sources.imsGo}; pages of Adobe`,
      confidence: 'C',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, locale: 'en_US', puser: 'adobe.com', dctx_id: 'v:2,s,1', resource: 'https://api.example' },
      },
      answer: back,
    },
    {
      id: 'authorize-unregistered-redirect',
      fact: 'If a redirect URI is not registered, IMS uses the default one of the client.',
      conflict: 'The implementation guide says that the request then does not complete.',
      source: `${sources.userDocs}; measured with a foreign origin (ben-there-done-that, 2026)`,
      confidence: 'A',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, redirect_uri: 'https://other.example/callback' },
      },
      answer: back,
    },
    {
      id: 'authorize-exact-redirect',
      fact: 'A redirect URI that is registered as text must match exactly, including a final slash.',
      source: 'A report on localhost:9080 with and without a final slash',
      confidence: 'B',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, redirect_uri: `${redirect_uri}/` } },
      answer: back,
    },
    {
      id: 'authorize-no-redirect',
      fact: 'Without a redirect URI the answer goes to the default one.',
      source: sources.userDocs,
      confidence: 'A',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { client_id: 'web-app', scope: 'openid', state: 'the-state' },
      },
      answer: back,
    },
  ],
}
