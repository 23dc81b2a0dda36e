import { absent, type KnownRow, type Section, sources } from './row.ts'

const redirect_uri = 'https://app.example/callback'
const request = { client_id: 'web-app', redirect_uri, scope: 'openid,AdobeID', state: 'the-state' }

/** A request that is refused by a redirect. */
const refused = (error: string, row: Omit<KnownRow, 'answer'>): KnownRow => ({
  ...row,
  answer: { status: 302, redirect: { to: redirect_uri, query: { error, code: absent } } },
})

export const authorizeErrors: Section = {
  title: 'Sign-in that ends without a token',
  rows: [
    refused('access_denied', {
      id: 'authorize-denied',
      fact: 'The user refuses consent.',
      source: sources.oldDocs,
      confidence: 'A',
      meaning: 'denied',
      call: { method: 'GET', path: '/ims/authorize/v2', query: request, user: 'refuses' },
    }),
    {
      id: 'authorize-denied-fragment',
      fact: 'For `response_type=token` errors are in the fragment.',
      source: sources.userDocs,
      confidence: 'A',
      meaning: 'denied',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, client_id: 'old-web-app', response_type: 'token' },
        user: 'refuses',
      },
      answer: { status: 302, redirect: { to: redirect_uri, fragment: { error: 'access_denied' } } },
    },
    refused('login_required', {
      id: 'authorize-login-required',
      fact: '`prompt=none` if no user is signed in.',
      source: sources.userDocs,
      confidence: 'A',
      meaning: 'user',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, prompt: 'none' },
        user: 'is signed out',
      },
    }),
    refused('consent_required', {
      id: 'authorize-consent-required',
      fact: '`prompt=none` before the user has consented.',
      source: sources.userDocs,
      confidence: 'A',
      meaning: 'user',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, client_id: 'asking-app', prompt: 'none' },
        user: 'has not consented',
      },
    }),
    refused('invalid_scope', {
      id: 'authorize-invalid-scope',
      fact: 'A scope that the client does not have.',
      source: 'Reports of sign-in problems (third parties)',
      confidence: 'C',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, client_id: 'narrow-app', scope: 'openid,more' },
      },
    }),
    {
      id: 'authorize-error-state',
      fact: 'Whether an error repeats the state. Clients by Adobe disagree about needing it; the SDK takes errors without it.',
      meaning: 'user',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, prompt: 'none' },
        user: 'is signed out',
      },
      answer: 'unknown',
      assumed: { status: 302, redirect: { to: redirect_uri, query: { error: 'login_required', state: 'the-state' } } },
    },
    {
      id: 'authorize-public-without-pkce',
      fact: 'The error for a public client without a challenge (the documentation requires one).',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, client_id: 'page-app' } },
      answer: 'unknown',
      assumed: { status: 302, redirect: { to: redirect_uri, query: { error: 'invalid_request' } } },
    },
    {
      id: 'authorize-public-implicit',
      fact: 'The error for a browser app that requests a token directly (one site reports that IMS refuses it).',
      call: {
        method: 'GET',
        path: '/ims/authorize/v2',
        query: { ...request, client_id: 'page-app', response_type: 'token' },
      },
      answer: 'unknown',
      assumed: { status: 302, redirect: { to: redirect_uri, fragment: { error: 'unauthorized_client' } } },
    },
    {
      id: 'authorize-unknown-client',
      fact: 'What the user sees if the client id is unknown.',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, client_id: 'nobody' } },
      answer: 'unknown',
      assumed: { status: 400 },
    },
    {
      id: 'authorize-interaction-required',
      fact: 'When `prompt=none` ends with `interaction_required` (documented as a value, without a cause).',
      call: { method: 'GET', path: '/ims/authorize/v2', query: { ...request, prompt: 'none' } },
      answer: 'unknown',
    },
    {
      id: 'authorize-device',
      fact: 'What `response_type=device` answers (ims-go and a command-line tool send it).',
      call: { method: 'GET', path: '/ims/authorize/v3', query: { ...request, response_type: 'device' } },
      answer: 'unknown',
    },
  ],
}
