import { absent, between, jwt, type Section, seconds, sources, text } from './row.ts'

const web = { client_id: 'web-app', client_secret: 'web-app-secret' }
const cluster = { grant_type: 'cluster_at_exchange', user_token: '{access_token}', scope: 'openid,AdobeID' }
const owning_org_id = '0123456789ABCDEF01234567@AdobeOrg'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const onBehalf = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: accessToken,
  requested_token_type: accessToken,
  client_id: 'middle-tier',
  client_secret: 'middle-tier-secret',
  scope: 'openid,AdobeID',
}
const promise = {
  grant_type: 'promise',
  client_id: 'promise-emitter',
  client_secret: 'emitter-secret',
  promise_definition_id: 'the-definition',
  scope: 'openid,AdobeID',
}
const keep = {
  grant_type: 'promise_exchange',
  client_id: 'promise-consumer',
  client_secret: 'consumer-secret',
  scope: 'openid,AdobeID',
}

export const exchange: Section = {
  title: 'Exchanging a token for another one',
  rows: [
    {
      id: 'cluster-v3-org',
      fact: 'The same user in another organization: client id in the query, the rest in the body.',
      source: sources.imsGo,
      confidence: 'B',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        query: { client_id: 'web-app' },
        form: { ...cluster, client_secret: web.client_secret, owning_org_id },
      },
      answer: { status: 200, body: { access_token: jwt({ type: 'access_token' }), expires_in: seconds } },
    },
    {
      id: 'cluster-v3-profile',
      fact: 'Another profile of the user, by its user id; with an empty `scope` the scopes stay the same.',
      source: sources.imsGo,
      confidence: 'B',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        query: { client_id: 'web-app' },
        form: { ...cluster, client_secret: web.client_secret, scope: '', user_id: '{user_id}' },
      },
      answer: { status: 200, body: { access_token: jwt({ user_id: '{user_id}' }), expires_in: seconds } },
    },
    {
      id: 'cluster-v2',
      fact: 'It works at v2 as well, with the client id in the body.',
      source: 'A client by Adobe of 2020; one by a third party',
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...cluster, ...web, owning_org_id } },
      answer: { status: 200, body: { access_token: jwt(), expires_in: seconds } },
    },
    {
      id: 'on-behalf-of',
      fact: 'A service acts on behalf of the user; the claim `act` names the service.',
      source: `${sources.imsGo}; ${sources.imscli}`,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v4', form: { ...onBehalf, subject_token: '{access_token}' } },
      answer: {
        status: 200,
        body: {
          access_token: jwt({ client_id: 'middle-tier', act: { client_id: text('middle-tier') } }),
          expires_in: seconds,
        },
      },
    },
    {
      id: 'on-behalf-of-resource',
      fact: '`resource` names the API that the token is for; it can be repeated. No public source shows what it changes in the token.',
      source: sources.imsGo,
      confidence: 'B',
      call: {
        method: 'POST',
        path: '/ims/token/v4',
        form: { ...onBehalf, subject_token: '{access_token}', resource: 'https://api.example/' },
      },
      answer: { status: 200, body: { access_token: jwt({ client_id: 'middle-tier' }), expires_in: seconds } },
    },
    {
      id: 'promise',
      fact: 'A promise token stands for a user who is not present: it is valid for 30 days, and has its own type.',
      source: 'adobe/ims-go#67; adobe/spacecat-api-service#2939',
      confidence: 'B',
      call: {
        method: 'POST',
        path: '/ims/token/v4',
        form: { ...promise, authenticating_token: '{emitter access_token}' },
      },
      answer: {
        status: 200,
        body: {
          promise_token: text('eyJwcm9taXNlIn0'),
          token_type: 'promise_token',
          scope: text('openid,AdobeID'),
          expires_in: between(2_591_990, 2_592_000, 2_591_999),
          access_token: absent,
        },
      },
    },
    {
      id: 'promise-exchange',
      fact: 'Another client of the same definition exchanges it for an access token that is valid for five minutes, and a new promise token.',
      source: 'adobe/ims-go#67; adobe/spacecat-api-service#2939',
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v4', form: { ...keep, promise_token: '{promise_token}' } },
      answer: {
        status: 200,
        body: {
          access_token: jwt({ client_id: 'promise-consumer' }),
          promise_token: text('eyJwcm9taXNlIn0'),
          promise_token_id: text('id'),
          token_type: 'access_token',
          scope: text('openid,AdobeID'),
          expires_in: between(290, 300, 299),
          promise_token_expires_in: between(1, 2_592_000, 2_591_999),
        },
      },
    },
    {
      id: 'cluster-foreign-org',
      fact: 'The error for an organization in which the user has no profile.',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { ...cluster, ...web, owning_org_id: 'FFFFFFFFFFFFFFFFFFFFFFFF@AdobeOrg' },
      },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('access_denied') } },
    },
    {
      id: 'on-behalf-of-service',
      fact: 'The error if a client wants to act on behalf of a service token (imscli says that IMS refuses it).',
      call: { method: 'POST', path: '/ims/token/v4', form: { ...onBehalf, subject_token: '{service_token}' } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_token') } },
    },
    {
      id: 'on-behalf-of-no-scope',
      fact: 'What an exchange without `scope` answers: ims-go refuses to send it, the help of imscli calls the scopes optional.',
      call: {
        method: 'POST',
        path: '/ims/token/v4',
        form: { ...onBehalf, scope: '', subject_token: '{access_token}' },
      },
      answer: 'unknown',
      assumed: { status: 200 },
    },
    {
      id: 'resource-malformed',
      fact: 'The error for a `resource` that is not an absolute URI (RFC 8707 names `invalid_target`).',
      call: {
        method: 'POST',
        path: '/ims/token/v4',
        form: { ...onBehalf, subject_token: '{access_token}', resource: 'api' },
      },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_target') } },
    },
    {
      id: 'promise-used',
      fact: 'The error for a promise token that was renewed. The client of adobe/spacecat-shared handles a 401.',
      call: { method: 'POST', path: '/ims/token/v4', form: { ...keep, promise_token: '{promise_token used}' } },
      answer: 'unknown',
      assumed: { status: 401 },
    },
  ],
}
