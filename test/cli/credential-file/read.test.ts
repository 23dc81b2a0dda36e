import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCredentialFile } from '../../../src/adapters/node/cli/credential-file/read.ts'
import { kindName } from '../../../src/adapters/node/cli/kinds.ts'
import { cliKind } from '../../../src/adapters/node/config/cli-context.ts'
import { redirectUriOf } from '../../../src/core/compat/context-kind.ts'
import { createIms } from '../../../src/core/compat/create-ims.ts'
import { memoryPlatform } from '../../../src/core/index.ts'
import { newFolder } from '../../kit/folder.ts'

const machine = {
  client_id: 'machine-client',
  client_secrets: ['machine-secret'],
  technical_account_email: 'account@techacct.adobe.com',
  technical_account_id: 'ACCOUNT@techacct.adobe.com',
  scopes: ['AdobeID', 'openid'],
}
const org = 'ORG@AdobeOrg'
const whole = { ...machine, ims_org_id: org }
const pem = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n'

/** A workspace as the console exports it. */
function workspace(credentials: readonly object[]): object {
  const details = { credentials, services: [], runtime: { namespaces: [{ name: 'n', auth: 'runtime-secret' }] } }
  const addresses = { action_url: 'https://n.adobeioruntime.net', app_url: 'https://n.adobeio-static.net' }
  return {
    project: {
      id: '1',
      name: 'P',
      org: { id: '2', name: 'Org', ims_org_id: org },
      workspace: { id: '3', name: 'Stage', ...addresses, details },
    },
  }
}

const s2s = { id: '4', name: 'Server', integration_type: 'oauth_server_to_server', oauth_server_to_server: machine }
const jwt = {
  id: '5',
  name: 'Old Service',
  integration_type: 'service',
  jwt: {
    client_id: 'jwt-client',
    client_secret: 'jwt-secret',
    technical_account_email: 'a@techacct.adobe.com',
    technical_account_id: 'A@techacct.adobe.com',
    meta_scopes: ['ent_adobeio_sdk'],
    private_key: pem.split('\n'),
  },
}
const web = {
  id: '6',
  name: 'Web',
  integration_type: 'oauthweb',
  oauth2: { client_id: 'web-client', client_secret: 'web-secret', redirect_uri: 'https://app.example/callback' },
}
const key = { id: '7', name: 'Key', integration_type: 'apikey', api_key: { client_id: 'key-client' } }

function file(content: object | string, name = 'file.json'): string {
  const path = join(newFolder(), name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  return path
}

const read = (content: object | string, choice: { credential?: string; hasHome?: boolean } = {}, name?: string) =>
  readCredentialFile(file(content, name), choice)

const rejection = (content: object | string, choice: { credential?: string } = {}, name?: string) =>
  read(content, choice, name).then(
    ({ data }) => Promise.reject(new Error(`was read: ${Object.keys(data)}`)),
    (error) => error,
  )

describe('the workspace of the console', () => {
  test('contains a server-to-server credential, with the organization', async () => {
    const { data, what } = await read(workspace([s2s]))
    expect(data).toEqual(whole)
    expect(what).toBe('the workspace file of the Adobe Developer Console')
  })

  test('contains a service account with its key', async () => {
    const { data } = await read(workspace([jwt]))
    expect(data).toEqual({ ...jwt.jwt, ims_org_id: org })
    expect(kindName('x', data)).toBe('jwt')
  })

  test('contains the credential of a login, with its redirect URI', async () => {
    const { data } = await read(workspace([web]))
    expect(data).toEqual(web.oauth2)
    expect(kindName('x', { ...data, scope: 'openid' })).toBe('oauth')
    const { client_secret: _, ...spa } = web.oauth2
    const found = await read(workspace([{ ...web, oauth2: { ...spa, redirect_uri: undefined } }]))
    expect(kindName('x', { ...found.data, scope: 'openid' })).toBe('oauth_public')
  })

  test.each(['Server', 'server', 'oauth_server_to_server', 'machine-client', '4'])(
    'has several: %s is chosen',
    async (name) => {
      expect((await read(workspace([jwt, s2s, web, key]), { credential: name })).data).toEqual(whole)
    },
  )

  test('has several, and none is chosen', async () => {
    const error = await rejection(workspace([jwt, s2s, key]))
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('--credential <name>') })
    expect(error.message).toMatch(/'Old Service' \(service, jwt, 5, jwt-client\), 'Server'/)
    // an API key obtains no tokens, so it is not a choice
    expect(error.message).not.toContain("'Key'")
    expect(error.message).not.toContain('secret')
    expect((await read(workspace([key, s2s]))).data).toEqual(whole)
  })

  test.each([
    [{ credentials: [key] }, {}, /'Key' is an API key, which obtains no tokens/],
    [{ credentials: [s2s] }, { credential: 'other' }, /no credential of this name.*'Server'/],
    [{ credentials: [] }, {}, /without a credential/],
    // what `aio app use` writes into .aio
    [
      { credentials: [{ id: '4', name: 'Server', integration_type: 'oauth_server_to_server' }] },
      {},
      /no secrets here.*\.env/,
    ],
  ])('cannot be used: %j', async ({ credentials }, choice, message) => {
    expect(await rejection(workspace(credentials), choice)).toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(message),
    })
  })
})

describe('other files of Adobe', () => {
  test('the JSON of a server-to-server credential', async () => {
    const content = {
      CLIENT_SECRETS: ['machine-secret'],
      ORG_ID: org,
      CLIENT_ID: 'machine-client',
      TECHNICAL_ACCOUNT_ID: machine.technical_account_id,
      TECHNICAL_ACCOUNT_EMAIL: machine.technical_account_email,
      SCOPES: ['AdobeID', 'openid'],
    }
    expect((await read(content)).data).toEqual(whole)
    expect((await read({ ...content, SCOPES: 'AdobeID, openid' })).data).toEqual(whole)
  })

  test('the JSON of a service account, with the key that its user added', async () => {
    const content = {
      CLIENT_SECRET: 'jwt-secret',
      ORG_ID: org,
      API_KEY: 'jwt-client',
      TECHNICAL_ACCOUNT_ID: 'A@techacct.adobe.com',
      TECHNICAL_ACCOUNT_EMAIL: 'a@techacct.adobe.com',
      PUBLIC_KEYS_WITH_EXPIRY: { aa: '01/07/2023' },
    }
    const { data } = await read(content)
    expect(data).toMatchObject({ client_id: 'jwt-client', client_secret: 'jwt-secret', ims_org_id: org })
    const added = await read({ ...content, PRIVATE_Key: pem, META_SCOPES: 'ent_adobeio_sdk' })
    expect(kindName('x', added.data)).toBe('jwt')
  })

  test('a Postman environment', async () => {
    const values = [
      { key: 'IMS', value: 'ims-na1.adobelogin.com', enabled: true },
      { key: 'CLIENT_SECRET', value: 'machine-secret', enabled: true },
      { key: 'API_KEY', value: 'machine-client', enabled: true },
      { key: 'ACCESS_TOKEN', value: '', enabled: true },
      { key: 'SCOPES', value: 'AdobeID, openid', enabled: true },
      { key: 'TECHNICAL_ACCOUNT_ID', value: machine.technical_account_id, enabled: true },
      { key: 'TECHNICAL_ACCOUNT_EMAIL', value: machine.technical_account_email, enabled: true },
      { key: 'IMS_ORG', value: org, enabled: true },
    ]
    expect((await read({ name: 'E', values })).data).toEqual({ ...whole, env: 'prod' })
  })

  const integration = {
    imsEndpoint: 'ims-na1.adobelogin.com',
    metascopes: 'ent_aem_cloud_sdk,ent_cloudmgr_sdk',
    technicalAccount: { clientId: 'cm-p1-e2', clientSecret: 'aem-secret' },
    email: 'a@techacct.adobe.com',
    id: 'A@techacct.adobe.com',
    org,
    privateKey: pem,
    publicKey: '-----BEGIN CERTIFICATE-----\n',
    certificateExpirationDate: '2030-01-01T00:00:00.000Z',
  }

  test('service credentials of AEM', async () => {
    const { data } = await read({ ok: true, integration, statusCode: 200 })
    expect(data).toEqual({
      client_id: 'cm-p1-e2',
      client_secret: 'aem-secret',
      meta_scopes: ['ent_aem_cloud_sdk', 'ent_cloudmgr_sdk'],
      technical_account_id: 'A@techacct.adobe.com',
      technical_account_email: 'a@techacct.adobe.com',
      ims_org_id: org,
      private_key: pem,
      env: 'prod',
    })
    expect(kindName('x', data)).toBe('jwt')
    const stage = { ...integration, imsEndpoint: 'ims-na1-stg1.adobelogin.com' }
    expect((await read({ ok: true, integration: stage })).data.env).toBe('stage')
  })

  const token = (claims: object) =>
    ['{"alg":"RS256"}', JSON.stringify(claims), 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')

  test('a local development token of AEM', async () => {
    const [created_at, expires_in] = [String(Date.now()), '86400000']
    const accessToken = token({ type: 'access_token', as: 'ims-na1-stg1', created_at, expires_in })
    const { data } = await read({ ok: true, statusCode: 200, accessToken })
    expect(data).toEqual({
      access_token: { token: accessToken, expiry: Number(created_at) + 86_400_000 },
      env: 'stage',
    })
    const old = token({ type: 'access_token', created_at: '1000', expires_in })
    expect(await rejection({ ok: true, statusCode: 200, accessToken: old })).toMatchObject({
      message: expect.stringContaining('has expired'),
    })
    expect(await rejection({ ok: true, accessToken: 'opaque' })).toMatchObject({
      message: expect.stringContaining('cannot be read'),
    })
  })

  test('credentials of PDF Services, whose key is next to them', async () => {
    const path = file({
      client_credentials: { client_id: 'pdf', client_secret: 'pdf-secret' },
      service_account_credentials: {
        organization_id: org,
        account_id: 'A@techacct.adobe.com',
        private_key_file: 'private.key',
      },
    })
    const { data } = await readCredentialFile(path)
    expect(data.private_key).toBe(join(path, '..', 'private.key'))
    expect(kindName('x', data)).toBe('jwt')
  })

  test('a file of `aio`, without tokens', async () => {
    const contexts = {
      one: { ...whole, access_token: { token: 't', expiry: 1 } },
      two: { client_id: 'two', scope: 'openid' },
    }
    expect((await read({ ims: { contexts } }, { credential: 'one' })).data).toEqual(whole)
    expect(await rejection({ ims: { contexts } })).toMatchObject({ message: expect.stringMatching(/'one', 'two'/) })
    const staged = { ims: { contexts: { one: whole } }, cli: { env: 'stage' } }
    expect((await read(staged)).data).toEqual({ ...whole, env: 'stage' })
  })
})

describe('env files', () => {
  const appUse = [
    '# this file must not be committed',
    'AIO_runtime_auth=runtime-secret',
    'AIO_ims_contexts_Server_client__id=machine-client',
    `AIO_ims_contexts_Server_client__secrets='["machine-secret"]'`,
    'AIO_ims_contexts_Server_technical__account__email=account@techacct.adobe.com',
    'AIO_ims_contexts_Server_technical__account__id=ACCOUNT@techacct.adobe.com',
    'AIO_ims_contexts_Server_scopes="[\\"AdobeID\\",\\"openid\\"]"',
    'AIO_ims_contexts_Server_ims__org__id=ORG@AdobeOrg',
    'IMS_OAUTH_S2S_CLIENT_ID=machine-client',
    'IMS_OAUTH_S2S_CLIENT_SECRET=machine-secret',
    'IMS_OAUTH_S2S_ORG_ID=ORG@AdobeOrg',
    'IMS_OAUTH_S2S_SCOPES=["AdobeID","openid"]',
  ].join('\r\n')

  test('of `aio app use`: one credential under two names is one', async () => {
    const found = await read(appUse.replace('"[\\"AdobeID\\",\\"openid\\"]"', '["AdobeID","openid"]'), {}, '.env')
    expect({ ...found.data }).toEqual(whole)
    expect(kindName('x', found.data)).toBe('oauth_server_to_server')
    // the name of the file does not matter
    expect((await read(`\uFEFF${appUse}`, { credential: 'IMS_OAUTH_S2S' }, 'variables.txt')).data.client_id).toBe(
      'machine-client',
    )
  })

  test('of a login: a list of redirect URIs, and the default one', async () => {
    const lines = [
      'AIO_ims_contexts_Web_client__id=web-client',
      'AIO_ims_contexts_Web_client__secret=web-secret',
      'AIO_ims_contexts_Web_redirect__uri=["https://app.example/one","https://app.example/two"]',
      'AIO_ims_contexts_Web_defaultRedirectUri=https://app.example/one',
    ]
    const { data } = await read(lines.join('\n'), {}, '.env')
    expect(data.redirect_uri).toEqual(['https://app.example/one', 'https://app.example/two'])
    expect(redirectUriOf(data)).toBe('https://app.example/one')
    expect(kindName('x', { ...data, scope: 'openid' })).toBe('oauth')
  })

  test.each([
    ['OAUTH', 'OAUTH_HOST=https://ims-na1-stg1.adobelogin.com', 'stage'],
    ['OAUTHS2S', 'OAUTHS2S_BASE_URL=https://ims-na1-stg1.adobelogin.com/ims/token/', 'stage'],
    ['IMS_OAUTH_S2S', 'IMS_OAUTH_S2S_ENVIRONMENT=stage', 'stage'],
    ['IMS_OAUTH_S2S', 'AIO_CLI_ENV=stage', 'stage'],
    ['OAUTH', '', undefined],
  ])('with the prefix %s: %s', async (prefix, line, env) => {
    const text = `${prefix}_CLIENT_ID=a\n${prefix}_CLIENT_SECRET=b\n${prefix}_SCOPES=openid\n${line}\n`
    expect((await read(text, {}, '.env')).data).toEqual({
      client_id: 'a',
      client_secrets: ['b'],
      scopes: ['openid'],
      ...(env && { env }),
    })
  })

  test('with plain names', async () => {
    const text =
      'CLIENT_ID=a\nCLIENT_SECRET=b\nSCOPES=openid,AdobeID\nIMS_ENDPOINT=http://127.0.0.1:9090\nHOST=127.0.0.1\n'
    expect((await read(text, {}, '.env')).data).toEqual({
      client_id: 'a',
      client_secret: 'b',
      scope: 'openid,AdobeID',
      endpoint: 'http://127.0.0.1:9090',
    })
  })

  test('without a credential', async () => {
    const error = await rejection('PORT=3000\nSECRET=hunter2\n', {}, '.env')
    expect(error.message).toMatch(/seems to be an env file without a credential, so imskit stored nothing/)
    expect(error.message).not.toContain('hunter2')
  })
})

describe('an environment that cannot be used is refused', () => {
  const env = (lines: string) => `OAUTH_CLIENT_ID=a\nOAUTH_CLIENT_SECRET=b\nOAUTH_SCOPES=openid\n${lines}`
  test.each<[string, object | string]>([
    ['a server of another company', env('OAUTH_HOST=https://ims.example.com')],
    ['two servers', env('OAUTH_HOST=https://ims-na1.adobelogin.com\nAIO_CLI_ENV=stage')],
    ['an unknown environment', env('OAUTH_ENVIRONMENT=qa')],
    ['an unknown environment of the command', env('AIO_CLI_ENV=qa')],
    ['AEM at another server', { integration: { imsEndpoint: 'ims.example.com', technicalAccount: { clientId: 'a' } } }],
    [
      'Postman at another server',
      {
        values: [
          { key: 'CLIENT_ID', value: 'a' },
          { key: 'IMS', value: 'ims.example.com' },
        ],
      },
    ],
    ['the console', workspace([{ ...s2s, oauth_server_to_server: { ...machine, env: 'qa' } }])],
    ['a context', { ...whole, env: 'qa' }],
    ['a context at a plain http server', { ...whole, endpoint: 'http://ims.example.com' }],
  ])('%s', async (_, content) => {
    const error = await rejection(content, {}, typeof content === 'string' ? '.env' : undefined)
    expect(error.code).toBe('BAD_OPTION')
    expect(error.message).not.toMatch(/machine-secret|=b/)
  })

  test('unless the user names one', async () => {
    const content = { integration: { imsEndpoint: 'ims.example.com', technicalAccount: { clientId: 'a' } } }
    expect((await read(content, { hasHome: true })).data).toEqual({ client_id: 'a', client_secret: undefined })
  })
})

test.each<[string, string, object | string]>([
  ['empty', 'empty', ''],
  ['a ZIP archive', 'config.zip', 'PK\u0003\u0004rest'],
  ['a private key', 'private.key', pem],
  ['a certificate or public key', 'certificate_pub.crt', '-----BEGIN CERTIFICATE-----\nMII\n'],
  ['an HTML or XML document', 'login.html', '<!doctype html><title>Sign in</title>'],
  ['a package.json', 'package.json', { name: 'x', version: '1.0.0' }],
  ['a tsconfig.json', 'tsconfig.json', { compilerOptions: {} }],
  ['a service account of Google Cloud', 'key.json', { type: 'service_account', private_key: pem }],
  ['an OAuth client of Google Cloud', 'key.json', { web: { client_id: 'a', client_secret: 'hunter2' } }],
  ['a token response', 'token.json', { access_token: 'hunter2', token_type: 'bearer' }],
  ['something else, with the keys some, other', 'x.json', { some: 'hunter2', other: 1 }],
  ['damaged', 'x.json', '{ "client_id": "a", '],
])('says that a file seems to be %s', async (what, name, content) => {
  const { code, message } = await rejection(content, {}, name)
  expect({ code, message }).toEqual({ code: 'BAD_OPTION', message: expect.stringContaining(`seems to be ${what}`) })
  expect(message).toContain('imskit stored nothing')
  expect(message).not.toContain('hunter2')
})

test.each<[string, object]>([
  ['the workspace file', workspace([s2s])],
  ['service credentials of AEM', { ok: true, integration: { technicalAccount: { clientId: 'a' } } }],
  ['a credential file of the Adobe Developer Console', { CLIENT_ID: 'a', CLIENT_SECRETS: ['b'] }],
])('a whole file that was stored as a context is recognized: %s', async (what, data) => {
  const ims = createIms({ ...memoryPlatform(), kinds: [cliKind()] })
  await ims.context.set('svc', data)
  const error = await ims.getToken('svc').catch((error) => error)
  expect(error).toMatchObject({ code: 'CANNOT_GENERATE_TOKEN' })
  expect(error.message).toContain(what)
  expect(error.message).toContain('imskit context set svc --from <file>')
})
