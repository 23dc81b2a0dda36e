import { like, type Section, sources } from './row.ts'

const path = '/ims/logout/v1'
const redirect_uri = 'https://app.example/callback'
const noStore = { 'cache-control': like(/no-store/, 'no-store') }

export const logout: Section = {
  title: 'Sign-out: `/ims/logout`',
  intro: 'A sign-out revokes the access token and the refresh token, and ends the session.',
  rows: [
    {
      id: 'logout-front',
      fact: 'The browser opens this address, and is redirected to `redirect_uri`.',
      conflict:
        'ai-ecoverse/slicc says that v1 wants `access_token` in a POST body; `aio login` and others of Adobe send users there.',
      source: `${sources.oldDocs}; aio-lib-ims-oauth 6`,
      confidence: 'A',
      call: { method: 'GET', path, query: { client_id: 'web-app', redirect_uri } },
      answer: { status: 302, headers: noStore, redirect: { to: redirect_uri } },
    },
    {
      id: 'logout-unversioned',
      fact: 'The path without a version does the same.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'GET', path: '/ims/logout', query: { client_id: 'web-app', redirect_uri } },
      answer: { status: 302, redirect: { to: redirect_uri } },
    },
    {
      id: 'logout-back',
      fact: 'A server that sends the secret gets a 200.',
      source: sources.oldDocs,
      confidence: 'A',
      call: {
        method: 'POST',
        path,
        form: { client_id: 'web-app', client_secret: 'web-app-secret', access_token: '{access_token}' },
      },
      answer: { status: 200, headers: noStore },
    },
    {
      id: 'logout-token',
      fact: 'Without a redirect, for browser apps: an empty object, and IMS removes the cookies.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'POST', path: `${path}/token`, form: { client_id: 'web-app', access_token: '{access_token}' } },
      answer: {
        status: 200,
        body: {},
        exact: true,
        headers: { ...noStore, 'set-cookie': like(/Max-Age=0|Expires=/, 'ims_sid=; Max-Age=0') },
      },
    },
    {
      id: 'logout-jsonp',
      fact: 'Or JSONP.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'GET', path: `${path}/token`, query: { callback: 'signedOut', access_token: '{access_token}' } },
      answer: { status: 200, text: 'signedOut({})' },
    },
    {
      id: 'logout-unregistered-redirect',
      fact: 'Whether `redirect_uri` is checked.',
      call: { method: 'GET', path, query: { client_id: 'web-app', redirect_uri: 'https://other.example/' } },
      answer: 'unknown',
      assumed: { status: 200 },
    },
  ],
}
