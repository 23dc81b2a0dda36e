import { absent, jwt, like, type Section, sources, text } from './row.ts'

const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const origin = 'https://page.example'
const allowed = { 'access-control-allow-origin': origin }
const debugId = { 'x-debug-id': text('c6a3e2f0-0000-4000-8000-000000000001') }
const bearer = '{access_token}'
const signIn = {
  client: 'page-app',
  scope: 'openid,AdobeID,read_organizations,account_cluster.read,offline_access',
} as const

/** A page reads this with its bearer token. */
const fromPage = (path: string, source: string, confidence: 'B' | 'C') => ({
  id: `cors${path.replaceAll('/', '-')}`,
  fact: 'Browser apps of a registered origin read it with a bearer token.',
  source,
  confidence,
  signIn,
  call: { method: 'GET', path, bearer, headers: { origin } } as const,
  answer: { status: 200, headers: allowed },
})

export const headers: Section = {
  title: 'Headers, and browser apps of other origins',
  rows: [
    {
      id: 'debug-id',
      fact: 'Answers have `x-debug-id`, which Adobe’s support needs: refusals',
      source: `${sources.coreAuth}; ${sources.imsGo}`,
      confidence: 'B',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { ...web, grant_type: 'client_credentials', client_id: 'nobody' },
      },
      answer: { status: 400, headers: debugId, body: { error: 'invalid_client' } },
    },
    {
      id: 'debug-id-success',
      fact: 'and successes.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'GET', path: '/ims/userinfo/v2', bearer },
      answer: { status: 200, headers: debugId },
    },
    {
      id: 'cors-token',
      fact: 'Browser apps of a registered origin redeem codes with an urlencoded form and no additional headers.',
      source: `${sources.slicc}; two page apps`,
      confidence: 'B',
      signIn: { client: 'page-app' },
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { grant_type: 'authorization_code', code: '{code}', client_id: 'page-app', code_verifier: '{verifier}' },
        headers: { origin },
      },
      answer: { status: 200, headers: allowed, body: { access_token: jwt() } },
    },
    {
      id: 'cors-refresh',
      fact: 'They can renew tokens, too.',
      source: sources.slicc,
      confidence: 'B',
      signIn: { client: 'page-app' },
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { grant_type: 'refresh_token', refresh_token: '{refresh_token}', client_id: 'page-app' },
        headers: { origin },
      },
      answer: { status: 200, headers: allowed, body: { access_token: jwt() } },
    },
    {
      id: 'cors-revoke',
      fact: 'They can revoke tokens.',
      source: sources.slicc,
      confidence: 'B',
      signIn: { client: 'page-app' },
      call: {
        method: 'POST',
        path: '/ims/revoke',
        form: { client_id: 'page-app', token: bearer },
        headers: { origin },
      },
      answer: { status: 200, headers: allowed },
    },
    fromPage('/ims/userinfo/v2', sources.slicc, 'B'),
    fromPage('/ims/profile/v1', `${sources.slicc}; adobe/da-nx`, 'B'),
    fromPage('/ims/organizations/v5', 'adobe/da-nx; an AEM portal', 'B'),
    fromPage('/ims/account_cluster/v3', 'adobe/da-nx', 'B'),
    {
      id: 'cors-logout-token',
      fact: 'Sign-out by a browser app needs the client id.',
      source: sources.oldDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/logout/v1/token', form: { client_id: 'page-app' }, headers: { origin } },
      answer: { status: 200, headers: allowed, body: {} },
    },
    {
      id: 'cors-unregistered',
      fact: 'A browser app of an origin that is not registered gets no CORS header (seen at check/v6).',
      source: 'adobe/da-nx, preview origins',
      confidence: 'C',
      signIn,
      call: { method: 'GET', path: '/ims/userinfo/v2', bearer, headers: { origin: 'https://stranger.example' } },
      answer: { status: 200, headers: { 'access-control-allow-origin': absent } },
    },
    {
      id: 'cors-preflight',
      fact: 'Methods, lifetime and credentials of the answer to a preflight.',
      call: {
        method: 'OPTIONS',
        path: '/ims/userinfo/v2',
        headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
      },
      answer: 'unknown',
      assumed: { status: 204, headers: { ...allowed, 'access-control-allow-methods': like(/GET/, 'GET') } },
    },
    {
      id: 'cors-validate',
      fact: 'Whether browser apps may request keys and validation.',
      signIn,
      call: {
        method: 'POST',
        path: '/ims/validate_token/v1',
        form: { client_id: 'page-app', type: 'access_token', token: bearer },
        headers: { origin },
      },
      answer: 'unknown',
      assumed: { status: 200, body: { valid: true } },
    },
  ],
}
