import { absent, type Section, sources, text } from './row.ts'

const consent = {
  method: 'GET',
  host: 'id.adobe.com',
  path: '/consent',
  query: { client_id: 'partner-app', scope: 'openid,AdobeID', state: 'the-state', nonce: 'the-nonce' },
} as const
const to = 'https://app.example/callback'
const check = { method: 'POST', host: 'adobeid-na1.services.adobe.com', path: '/ims/check/v6/token' } as const

export const elsewhere: Section = {
  title: 'Other hosts',
  notEmulated: 'Neither the emulator nor the SDK has a part in these.',
  rows: [
    {
      id: 'consent-given',
      fact: 'An administrator consents to an enterprise web app: `admin_consent`, the state, and an ID token about the technical account.',
      conflict:
        'The table of the documentation names the organization `org_id`, its samples read `orgId`; `iss` ends in `/ims` there.',
      source: sources.adminDocs,
      confidence: 'A',
      call: consent,
      answer: {
        status: 302,
        redirect: { to, query: { admin_consent: 'true', state: 'the-state', id_token: text('JWT') } },
      },
    },
    {
      id: 'consent-refused',
      fact: 'The administrator does not consent.',
      source: sources.adminDocs,
      confidence: 'A',
      call: { ...consent, user: 'refuses' },
      answer: {
        status: 302,
        redirect: { to, query: { admin_consent: 'false', state: 'the-state', id_token: absent } },
      },
    },
    {
      id: 'consent-error',
      fact: 'Errors go to the default redirect URI: `invalid_scopes`, `invalid_redirect_uri`, `insufficient_privilege`, `incompatible_account_type`, `missing_state_param` or `error`.',
      source: sources.adminDocs,
      confidence: 'A',
      call: consent,
      answer: {
        status: 302,
        redirect: { to, query: { error: text('insufficient_privilege'), admin_consent: absent } },
      },
    },
    {
      id: 'from-susi',
      fact: 'The sign-in page posts to this address. The answer sets the cookie of the session, and redirects to IMS and then to the app.',
      source: 'Network traces in public code',
      confidence: 'C',
      call: {
        method: 'POST',
        host: 'adobeid-na1.services.adobe.com',
        path: '/ims/fromSusi',
        form: { client_id: 'web-app' },
      },
      answer: { status: 302, headers: { 'set-cookie': text('ims_sid') } },
    },
    {
      id: 'gateway-api-key',
      fact: 'The gateway of Adobe’s products refuses an API key. Its errors have another form than those of IMS.',
      source: 'Adobe documentation of Campaign',
      confidence: 'A',
      call: { method: 'GET', host: 'mc.adobe.io', path: '/' },
      answer: { status: 403, body: { error_code: '403003', message: 'Api Key is invalid' } },
    },
    {
      id: 'check-token',
      fact: 'Adobe’s own pages get a token for the cookie of a session; the members other than `access_token` are not known.',
      source: 'Pages of Adobe in public code and traces',
      confidence: 'C',
      call: { ...check, form: { client_id: 'web-app', scope: 'openid,AdobeID' } },
      answer: { status: 200, body: { access_token: text('eyJ') } },
    },
    {
      id: 'check-token-empty',
      fact: 'The same without parameters.',
      source: 'One trace of a page',
      confidence: 'C',
      call: check,
      answer: { status: 400 },
    },
    {
      id: 'check-token-no-session',
      fact: 'The answer without a session. The library of those pages calls it `invalid_credentials`.',
      call: { ...check, form: { client_id: 'web-app', scope: 'openid,AdobeID' } },
      answer: 'unknown',
    },
  ],
}
