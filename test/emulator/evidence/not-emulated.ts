import { type Section, text } from './row.ts'

const refresh = {
  grant_type: 'refresh_token',
  refresh_token: 'rt',
  client_id: 'web-app',
  client_secret: 'web-app-secret',
}
const token = { method: 'POST', path: '/ims/token/v3', form: refresh } as const
const authorize = {
  method: 'GET',
  path: '/ims/authorize/v2',
  query: { client_id: 'web-app', redirect_uri: 'https://app.example/callback', scope: 'openid', state: 'the-state' },
} as const
const jump = text('https://auth.services.adobe.com/jump')
const accounts = 'Pages of Adobe in public code and traces'

/** What the user must do, by the last part of the error. */
const gates = {
  actreq: 'must do something with the account, such as confirm an age',
  terms: 'must accept terms',
  evs: 'must verify the email address',
  disabled: 'has an account that was disabled',
  eoaChoose: 'must choose a profile',
} as const

export const notEmulated: Section = {
  title: 'Answers that depend on the account or the day',
  notEmulated: 'The emulator has no cause for them; a fault can inject each. The SDK is fed all of them.',
  rows: [
    ...Object.entries(gates).flatMap(([gate, what]) => [
      {
        id: `ride-${gate}-token`,
        fact: `The user ${what}; \`jump\` is the address for that. Seen at \`/ims/check/v6/token\` of adobeid-na1.services.adobe.com and at token endpoints.`,
        source: accounts,
        confidence: 'C',
        meaning: 'user',
        call: token,
        answer: { status: 400, body: { error: `ride_AdobeID_acct_${gate}`, jump } },
      } as const,
      {
        id: `ride-${gate}-callback`,
        fact: `The same as the result of a login: the user ${what}.`,
        source: accounts,
        confidence: 'C',
        meaning: 'user',
        call: authorize,
        answer: {
          status: 302,
          redirect: { to: 'https://app.example/callback', query: { error: `ride_AdobeID_acct_${gate}` } },
        },
      } as const,
    ]),
    {
      id: 'throttled',
      fact: 'The documentation says that IMS throttles clients that request too many tokens. Body, limits and `Retry-After` are not public.',
      meaning: 'later',
      call: token,
      answer: 'unknown',
      assumed: { status: 429, headers: { 'retry-after': '38' }, body: {} },
    },
    {
      id: 'throttled-gateway',
      fact: 'The gateway of Adobe’s products throttles with this answer; it is not IMS.',
      source: 'adobe-apiplatform/umapi-documentation, throttling',
      confidence: 'A',
      meaning: 'later',
      call: { method: 'GET', path: '/ims/userinfo/v2', bearer: 'at' },
      answer: { status: 429, headers: { 'retry-after': '38' }, body: { error_code: '429050' } },
    },
    {
      id: 'outage',
      fact: 'What IMS answers while it is down.',
      meaning: 'later',
      call: token,
      answer: 'unknown',
      assumed: { status: 503, body: {} },
    },
    {
      id: 'device-flow',
      fact: 'Endpoints and answers of the device flow.',
      call: { method: 'POST', path: '/ims/token/v3', form: { client_id: 'web-app', grant_type: 'device' } },
      answer: 'unknown',
    },
  ],
}
