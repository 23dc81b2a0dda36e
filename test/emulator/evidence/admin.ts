import { absent, like, list, type Section, sources, text } from './row.ts'

const service = { bearer: '{service_token}', headers: { 'x-ims-clientid': 'service' } }
const form = { guid: '{guid}', auth_src: '{auth_src}' }
const org = '0123456789ABCDEF01234567@AdobeOrg'
const spacecat = { source: sources.spacecat, confidence: 'B' } as const

export const admin: Section = {
  title: 'For services of Adobe, and registration',
  rows: [
    {
      id: 'admin-profile-v1',
      fact: 'A service token can read the profile of a user, by the two halves of the user id.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/admin_profile/v1', form, ...service },
      answer: { status: 200, body: { userId: '{user_id}', email: text('jsample@email.com') } },
    },
    {
      id: 'admin-profile-v3',
      fact: 'The client id can also be in the body.',
      ...spacecat,
      call: {
        method: 'POST',
        path: '/ims/admin_profile/v3',
        form: { ...form, client_id: 'service' },
        bearer: '{service_token}',
      },
      answer: { status: 200, body: { userId: '{user_id}' } },
    },
    {
      id: 'admin-organizations-v5',
      fact: 'A service token can also read the organizations of a user.',
      source: sources.imsGo,
      confidence: 'B',
      call: { method: 'POST', path: '/ims/admin_organizations/v5', form, ...service },
      answer: { status: 200, body: list({ orgName: text('Example'), orgRef: { authSrc: 'AdobeOrg' } }) },
    },
    {
      id: 'admin-organizations-v4',
      fact: 'v4 answers in the same form.',
      ...spacecat,
      call: {
        method: 'POST',
        path: '/ims/admin_organizations/v4',
        form: { ...form, client_id: 'service' },
        bearer: '{service_token}',
      },
      answer: { status: 200, body: list({ orgName: text('Example') }) },
    },
    {
      id: 'organization-details',
      fact: 'One organization with its groups, whose `ident` is text here. Fixtures have a group without one, and an organization without `groups`.',
      ...spacecat,
      call: {
        method: 'GET',
        path: `/ims/organizations/${org}/v2`,
        query: { client_id: 'service' },
        bearer: '{service_token}',
      },
      answer: {
        status: 200,
        body: {
          orgName: text('Example'),
          orgType: 'Enterprise',
          countryCode: text('US'),
          groups: list({ groupName: text('Administrators') }),
        },
      },
    },
    {
      id: 'organization-members',
      fact: 'The members of a group, 50 in each response.',
      ...spacecat,
      call: {
        method: 'GET',
        path: `/ims/organizations/${org}/groups/123456789/members`,
        query: { client_id: 'service' },
        bearer: '{service_token}',
      },
      answer: { status: 200, body: { startIndex: 0, items: list({ email: text('jsample@email.com') }) } },
    },
    {
      id: 'product-contexts',
      fact: 'The products of an organization.',
      ...spacecat,
      call: {
        method: 'POST',
        path: '/ims/fetch_pc_by_org/v1',
        form: { org_id: '0123456789ABCDEF01234567', auth_src: 'AdobeOrg', client_id: 'service' },
        bearer: '{service_token}',
        multipart: true,
      },
      answer: {
        status: 200,
        body: { productContexts: list({ serviceCode: text('dx_aem'), params: { tenant_id: text('tenant') } }) },
      },
    },
    {
      id: 'register',
      fact: 'Anyone may register a client, with scopes separated by spaces. Any 2xx is success.',
      source: `${sources.captures} (advertised); ${sources.imsGo} (request and answer)`,
      confidence: 'A',
      call: {
        method: 'POST',
        path: '/ims/register',
        json: { client_name: 'An app', redirect_uris: ['https://app.example/callback'], scope: 'openid profile' },
      },
      answer: { status: 201, body: { client_id: text('0a1b2c'), client_secret: text('secret') } },
    },
    {
      id: 'register-refused',
      fact: 'The error for a registration without redirect URIs.',
      call: { method: 'POST', path: '/ims/register', json: { client_name: 'An app' } },
      answer: 'unknown',
      assumed: { status: 400, body: { error: like(/^invalid_/, 'invalid_redirect_uri'), client_id: absent } },
    },
    {
      id: 'admin-user-token',
      fact: 'The error for the token of a user at these endpoints.',
      meaning: 'bearer',
      call: { method: 'POST', path: '/ims/admin_profile/v1', form, bearer: '{access_token}' },
      answer: 'unknown',
      assumed: { status: 403 },
    },
  ],
}
