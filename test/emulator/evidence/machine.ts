import { absent, between, jwt, like, refusal, type Section, scopes, seconds, sources, text } from './row.ts'

const grant = { grant_type: 'client_credentials', client_id: 'server-to-server', client_secret: 'first-secret' }
const ask = { ...grant, scope: 'openid,AdobeID,read_organizations' }
const org_id = '0123456789ABCDEF01234567@AdobeOrg'
const permanent = {
  grant_type: 'authorization_code',
  client_id: 'service',
  client_secret: 'service-secret',
  code: 'permanent-code',
}
const granted = { access_token: jwt({ type: 'access_token' }), token_type: 'bearer', expires_in: seconds }
const secretSource = 'Badsender-com/LePatron.email, AdobeProvider; a helper by Adobe'

export const machine: Section = {
  title: 'Tokens of an application',
  rows: [
    {
      id: 'credentials-v3',
      fact: 'Server-to-server: id, secret and scopes in the body, without an organization. IMS never issues a refresh token.',
      source: sources.serverDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: ask },
      answer: { status: 200, body: { ...granted, refresh_token: absent } },
    },
    {
      id: 'credentials-v2',
      fact: 'At v2 clients by Adobe send the organization as well.',
      source: `${sources.aioLibIms}; ${sources.coreAuth}`,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...ask, org_id } },
      answer: { status: 200, body: granted },
    },
    {
      id: 'credentials-v2-multipart',
      fact: 'The same as a multipart form.',
      source: sources.aioLibIms,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...ask, org_id }, multipart: true },
      answer: { status: 200, body: granted },
    },
    {
      id: 'credentials-resource',
      fact: '`resource` (RFC 8707) is accepted, also by the other grants.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...ask, org_id, resource: 'https://api.example' } },
      answer: { status: 200, body: granted },
    },
    {
      id: 'credentials-two-secrets',
      fact: 'Either of the two secrets of a credential is accepted.',
      source: sources.serverDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...ask, client_secret: 'second-secret' } },
      answer: { status: 200, body: granted },
    },
    {
      id: 'credentials-technical-account',
      fact: 'The token belongs to the technical account.',
      source: sources.serverDocs,
      confidence: 'A',
      call: { method: 'POST', path: '/ims/token/v3', form: ask },
      answer: {
        status: 200,
        body: { access_token: jwt({ user_id: like(/^[\dA-F]{24}@techacct\.adobe\.com$/, 'BBBB@techacct.adobe.com') }) },
      },
    },
    {
      id: 'credentials-partner',
      fact: 'Enterprise web app: with the customer’s organization, for an hour. The documented sample has no `token_type`.',
      source: sources.adminDocs,
      confidence: 'A',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: {
          grant_type: 'client_credentials',
          client_id: 'partner-app',
          client_secret: 'partner-secret',
          scope: 'openid,AdobeID',
          org_id,
        },
      },
      answer: { status: 200, body: { access_token: jwt(), expires_in: between(3590, 3600, 3599) } },
    },
    {
      id: 'credentials-unknown-client',
      fact: 'A client id that IMS does not know.',
      source: secretSource,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...ask, client_id: 'nobody' } },
      answer: refusal(400, 'invalid_client', 'invalid client_id parameter'),
    },
    {
      id: 'credentials-wrong-secret-v3',
      fact: 'A wrong secret.',
      conflict: '401 is documented for the exchange of assertions only.',
      source: secretSource,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...ask, client_secret: 'wrong' } },
      answer: refusal(400, 'invalid_client', 'invalid client_secret parameter'),
    },
    {
      id: 'credentials-wrong-secret-v4',
      fact: 'A wrong secret at v4.',
      source: secretSource,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v4', form: { ...ask, client_secret: 'wrong' } },
      answer: refusal(400, 'invalid_client', 'invalid client_secret parameter'),
    },
    {
      id: 'credentials-wrong-grant',
      fact: 'The client may not use this grant.',
      source: 'adobe/spacecat-api-service#2641',
      confidence: 'B',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { ...ask, client_id: 'web-app', client_secret: 'web-app-secret' },
      },
      answer: refusal(400, 'unauthorized_client'),
    },
    {
      id: 'credentials-invalid-scope',
      fact: 'A scope that the credential does not have.',
      source: 'Reports of third parties',
      confidence: 'C',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...ask, scope: 'openid,not_mine' } },
      answer: refusal(400, 'invalid_scope'),
    },
    {
      id: 'service-v2',
      fact: 'A service of Adobe exchanges a permanent code for a service token, any number of times.',
      source: `${sources.imscli}; ${sources.spacecat}`,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v2', form: permanent },
      answer: {
        status: 200,
        body: {
          access_token: jwt({ user_id: like(/@AdobeService$/, 'service@AdobeService'), scope: scopes(['system']) }),
          expires_in: seconds,
        },
      },
    },
    {
      id: 'service-v4',
      fact: 'The same at v4, as a multipart form.',
      source: sources.spacecat,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/token/v4', form: permanent, multipart: true },
      answer: { status: 200, body: { access_token: jwt(), expires_in: seconds } },
    },
    {
      id: 'credentials-wrong-secret-v2',
      fact: 'Status and text for a wrong secret at v1 and v2.',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...ask, client_secret: 'wrong' } },
      answer: 'unknown',
      assumed: refusal(400, 'invalid_client', text('invalid client_secret parameter')),
    },
    {
      id: 'credentials-no-secret',
      fact: 'The text for a missing secret.',
      call: {
        method: 'POST',
        path: '/ims/token/v3',
        form: { grant_type: 'client_credentials', client_id: 'server-to-server', scope: 'openid' },
      },
      answer: 'unknown',
      assumed: { status: 400, body: { error: 'invalid_client' } },
    },
    {
      id: 'credentials-no-scope',
      fact: 'What happens without `scope`, which is documented as mandatory; clients by Adobe send it empty or not at all if none is configured.',
      call: { method: 'POST', path: '/ims/token/v2', form: { ...grant, org_id } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('invalid_scope') } },
    },
    {
      id: 'credentials-foreign-org',
      fact: 'The error for an organization that the credential does not belong to, or that has not consented.',
      call: { method: 'POST', path: '/ims/token/v3', form: { ...ask, org_id: 'FFFFFFFFFFFFFFFFFFFFFFFF@AdobeOrg' } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: text('access_denied') } },
    },
  ],
}
