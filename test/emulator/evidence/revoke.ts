import { absent, type Section, sources, text } from './row.ts'

const invalidate = '/ims/invalidate_token/v2'
const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const done = { status: 200, text: '' } as const

export const revoke: Section = {
  title: 'Invalidating and revoking tokens: `/ims/invalidate_token/v2` and `/ims/revoke`',
  rows: [
    {
      id: 'invalidate-access',
      fact: 'The answer is an empty 200.',
      source: `${sources.aioLibIms}, end-to-end test`,
      confidence: 'B',
      call: {
        method: 'POST',
        path: invalidate,
        form: { ...web, token_type: 'access_token', token: '{access_token}', cascading: 'all' },
        multipart: true,
      },
      answer: done,
    },
    {
      id: 'invalidate-no-secret',
      fact: 'Without a secret; ims-go sends the client id in a header as well, and says that this will become mandatory.',
      source: sources.imsGo,
      confidence: 'B',
      call: {
        method: 'POST',
        path: invalidate,
        form: { client_id: 'web-app', token_type: 'access_token', token: '{access_token}' },
        headers: { 'x-ims-clientid': 'web-app' },
      },
      answer: done,
    },
    {
      id: 'invalidate-refresh',
      fact: 'A refresh token; `cascading=all` also invalidates the tokens that were issued with it.',
      source: `${sources.imsGo}; ${sources.imscli}`,
      confidence: 'B',
      call: {
        method: 'POST',
        path: invalidate,
        form: { ...web, token_type: 'refresh_token', token: '{refresh_token}', cascading: 'all' },
      },
      answer: done,
    },
    {
      id: 'invalidate-service',
      fact: 'A service token needs the secret.',
      source: sources.imsGo,
      confidence: 'B',
      call: {
        method: 'POST',
        path: invalidate,
        form: {
          client_id: 'service',
          client_secret: 'service-secret',
          token_type: 'service_token',
          token: '{service_token}',
        },
      },
      answer: done,
    },
    {
      id: 'invalidate-promise',
      fact: 'A promise token is invalidated by its own type.',
      source: sources.spacecat,
      confidence: 'B',
      call: {
        method: 'POST',
        path: invalidate,
        form: {
          client_id: 'promise-consumer',
          client_secret: 'consumer-secret',
          token_type: 'promise_token',
          token: '{promise_token}',
        },
      },
      answer: done,
    },
    {
      id: 'revoke-confidential',
      fact: 'A confidential client uses Basic authentication. The answer is a 200 without a body.',
      source: sources.userDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/revoke', form: { token: '{access_token}' }, basic: 'web-app:web-app-secret' },
      answer: done,
    },
    {
      id: 'revoke-public',
      fact: 'A public client sends its id in the query.',
      source: sources.userDocs,
      confidence: 'A',
      signIn: { client: 'page-app' },
      call: {
        method: 'POST',
        path: '/ims/revoke',
        query: { client_id: 'page-app' },
        form: { token: '{refresh_token}' },
      },
      answer: done,
    },
    {
      id: 'revoke-hint',
      fact: 'A browser app sends `token_type_hint`, which has no effect.',
      source: sources.slicc,
      confidence: 'C',
      signIn: { client: 'page-app' },
      call: {
        method: 'POST',
        path: '/ims/revoke',
        form: { client_id: 'page-app', token: '{access_token}', token_type_hint: 'access_token' },
      },
      answer: done,
    },
    {
      id: 'revoke-other-client',
      fact: 'IMS refuses the token of another client (sources do not give the status).',
      source: 'ai-ecoverse/slicc#2975',
      confidence: 'C',
      call: { method: 'POST', path: '/ims/revoke', form: { client_id: 'page-app', token: '{access_token}' } },
      answer: { status: 400 },
    },
    {
      id: 'revoke-other-environment',
      fact: 'IMS refuses the token of another environment.',
      source: 'ai-ecoverse/slicc#2975',
      confidence: 'C',
      call: { method: 'POST', path: '/ims/revoke', form: { client_id: 'page-app', token: '{garbage access_token}' } },
      answer: { status: 400 },
    },
    {
      id: 'revoke-unknown',
      fact: 'Whether IMS refuses text that is not a token. RFC 7009 says that a server must not.',
      call: { method: 'POST', path: '/ims/revoke', form: { client_id: 'page-app', token: 'no-token' } },
      answer: 'unknown',
      assumed: done,
    },
    {
      id: 'invalidate-unknown',
      fact: 'What invalidation answers for a token that IMS does not know.',
      call: { method: 'POST', path: invalidate, form: { ...web, token_type: 'access_token', token: 'no-token' } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_token'), valid: absent } },
    },
    {
      id: 'invalidate-cascading',
      fact: 'Which other values `cascading` has.',
      call: {
        method: 'POST',
        path: invalidate,
        form: { ...web, token_type: 'refresh_token', token: '{refresh_token}', cascading: 'none' },
      },
      answer: 'unknown',
      assumed: done,
    },
  ],
}
