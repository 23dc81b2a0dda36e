import { absent, like, type Row, refusal, type Section, sources, text } from './row.ts'

const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const redeem = { grant_type: 'authorization_code', code: '{code}' }
const page = { client_id: 'page-app', code_verifier: '{verifier}' }

const refused: readonly Row[] = [
  {
    id: 'code-v1-garbage',
    fact: 'A code that IMS does not know, at v1.',
    source: `${sources.aioLibIms}, end-to-end test`,
    confidence: 'B',
    meaning: 'over',
    call: { method: 'POST', path: '/ims/token/v1', form: { ...redeem, ...web, code: '{garbage authorization_code}' } },
    answer: refusal(400, 'access_denied'),
  },
  {
    id: 'code-v3-used',
    fact: 'A code that was redeemed before.',
    source: 'resizelab/rl_postflow, notes',
    confidence: 'C',
    meaning: 'over',
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web, code: '{code used}' } },
    answer: refusal(400, 'access_denied'),
  },
  {
    id: 'code-v3-expired',
    fact: 'A code that has expired.',
    source: 'resizelab/rl_postflow, notes',
    confidence: 'C',
    meaning: 'over',
    later: 86_400_000,
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web } },
    answer: refusal(400, 'access_denied'),
  },
  {
    id: 'code-public-with-secret',
    fact: 'A public client sends a secret.',
    source: 'Reports of page apps (third parties)',
    confidence: 'C',
    signIn: { client: 'page-app' },
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...page, client_secret: 'page-app-secret' } },
    answer: refusal(400, 'invalid_client', 'unexpected client_secret parameter'),
  },
  {
    id: 'code-v3-unknown-client',
    fact: 'A client id that IMS does not know.',
    source: 'adobe/reactor-uploader#27; Badsender-com/LePatron.email',
    confidence: 'B',
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web, client_id: 'nobody' } },
    answer: refusal(400, 'invalid_client', 'invalid client_id parameter'),
  },
  {
    id: 'code-v3-wrong-secret',
    fact: 'A wrong secret is a 400, not a 401.',
    source: 'Badsender-com/LePatron.email; a helper by Adobe (recorded for client credentials)',
    confidence: 'B',
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web, client_secret: 'wrong' } },
    answer: refusal(400, 'invalid_client', 'invalid client_secret parameter'),
  },
  {
    id: 'token-password-public',
    fact: 'The grant `password` for a public client.',
    source: 'Third-party notes',
    confidence: 'C',
    call: {
      method: 'POST',
      path: '/ims/token/v3',
      form: { grant_type: 'password', client_id: 'page-app', username: 'u', password: 'p' },
    },
    answer: refusal(400, 'unsupported_grant_type'),
  },
  {
    id: 'token-redirected-error',
    fact: 'IMS answered a refused request with `redirect_uri` by a redirect to that address, without a state.',
    source: 'dotnet/aspnetcore#32153; aspnet-contrib, provider AdobeIO; adobeio-documentation#43',
    confidence: 'C',
    conflict: 'The path is not named in the reports; the unversioned one is the most likely.',
    call: {
      method: 'POST',
      path: '/ims/token',
      form: { ...redeem, ...web, scope: 'openid,more', redirect_uri: 'https://app.example/callback' },
    },
    answer: {
      status: 302,
      headers: { 'cache-control': 'no-store', 'set-cookie': like(/^relay=/, 'relay=1; Path=/') },
      redirect: { to: 'https://app.example/callback', query: { error: 'invalid_scope', state: absent } },
    },
    meaning: 'refused',
  },
]

const unknown: readonly Row[] = [
  {
    id: 'code-wrong-verifier',
    fact: 'The error for a code verifier that does not match.',
    meaning: 'over',
    signIn: { client: 'page-app' },
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...page, code_verifier: 'v'.repeat(43) } },
    answer: 'unknown',
    assumed: { status: 400, body: { error: text('access_denied') } },
  },
  {
    id: 'code-lifetime',
    fact: 'How long a code is valid, and whether redeeming it twice revokes the tokens that were issued first.',
    call: { method: 'POST', path: '/ims/token/v3', form: { ...redeem, ...web } },
    later: 60_000,
    answer: 'unknown',
    assumed: { status: 200 },
  },
  {
    id: 'code-redirect-uri',
    fact: 'Whether the exchange checks `redirect_uri`; the documentation does not require it.',
    call: {
      method: 'POST',
      path: '/ims/token/v3',
      form: { ...redeem, ...web, redirect_uri: 'https://app.example/callback' },
    },
    answer: 'unknown',
    assumed: { status: 200 },
  },
  {
    id: 'code-v1-basic',
    fact: 'The error for Basic authentication at the unversioned path (that it is not supported is documented).',
    call: { method: 'POST', path: '/ims/token', form: redeem, basic: 'web-app:web-app-secret' },
    answer: 'unknown',
    assumed: { status: 400, body: { error: 'invalid_client' } },
  },
  {
    id: 'code-v2-basic',
    fact: 'Whether v2 and v4 support Basic authentication.',
    call: { method: 'POST', path: '/ims/token/v2', form: redeem, basic: 'web-app:web-app-secret' },
    answer: 'unknown',
    assumed: { status: 200 },
  },
  {
    id: 'token-no-grant-type',
    fact: 'The error for a request without `grant_type`.',
    call: { method: 'POST', path: '/ims/token/v3', form: web },
    answer: 'unknown',
    assumed: { status: 400, body: { error: 'invalid_request' } },
  },
  {
    id: 'token-password',
    fact: 'What the grant `password` answers: test clients inside Adobe use it at v1 and v2.',
    call: {
      method: 'POST',
      path: '/ims/token/v2',
      form: { ...web, grant_type: 'password', username: 'u', password: 'p' },
    },
    answer: 'unknown',
  },
  {
    id: 'token-aux-sid',
    fact: 'What the answer to the grant `aux_sid_exchange` is: services of Adobe exchange a cookie for a token at v1 and v3.',
    call: {
      method: 'POST',
      path: '/ims/token/v3',
      form: { ...web, grant_type: 'aux_sid_exchange', aux_sid: 'sid', scope: 'openid' },
    },
    answer: 'unknown',
  },
]

export const codeErrors: Section = { title: 'Refused codes', rows: [...refused, ...unknown] }
