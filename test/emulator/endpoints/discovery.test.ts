import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { post } from '../person.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const read = async (path: string) => {
  const response = await fetch(emulator.url + path)
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() }
}

const documented = () => ({
  issuer: emulator.url,
  authorization_endpoint: `${emulator.url}/ims/authorize/v2`,
  token_endpoint: `${emulator.url}/ims/token/v3`,
  userinfo_endpoint: `${emulator.url}/ims/userinfo/v2`,
  revocation_endpoint: `${emulator.url}/ims/revoke`,
  jwks_uri: `${emulator.url}/ims/keys`,
  response_types_supported: ['code', 'token', 'id_token', 'id_token token', 'code id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid', 'email', 'profile'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  claims_supported: ['sub', 'given_name', 'family_name', 'name', 'email', 'email_verified', 'address'],
  grant_types_supported: ['authorization_code', 'implicit_grant', 'refresh_token'],
})
const live = () => ({
  ...documented(),
  response_modes_supported: ['query', 'fragment'],
  revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256', 'plain'],
  registration_endpoint: `${emulator.url}/ims/register`,
})

test('the document at the root has the members of the live one, and lacks what that lacks', async () => {
  expect(await read('/.well-known/openid-configuration')).toEqual({
    status: 200,
    type: 'application/json;charset=UTF-8',
    body: live(),
  })
})

test('the metadata of RFC 8414 lacks what belongs to OpenID Connect', async () => {
  const {
    userinfo_endpoint: _,
    subject_types_supported: _1,
    id_token_signing_alg_values_supported: _2,
    claims_supported: _3,
    ...rest
  } = live()
  expect(await read('/.well-known/oauth-authorization-server')).toEqual({
    status: 200,
    type: 'application/json;charset=UTF-8',
    body: rest,
  })
})

test('the document below /ims has the members that are documented', async () => {
  expect((await read('/ims/.well-known/openid-configuration')).body).toEqual(documented())
})

test.each(['/.well-known/oauth-protected-resource', '/.well-known/security.txt', '/ims/.well-known/security.txt'])(
  '%s is a 404',
  async (path) => {
    expect((await read(path)).status).toBe(404)
  },
)

test('an issuer of its own is in both documents, and the addresses stay', async () => {
  const own = await startEmulator({ issuer: 'https://issuer.example.com' })
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    const document = await (await fetch(`${own.url}/.well-known/${name}`)).json()
    expect(document).toMatchObject({ issuer: 'https://issuer.example.com', jwks_uri: `${own.url}/ims/keys` })
  }
  await own.close()
})

test('one slash at the end of any path is ignored, a second one is not', async () => {
  for (const path of ['/ims/keys', '/.well-known/openid-configuration', '/ims/profile/v1', '/ims/nowhere']) {
    const plain = await fetch(emulator.url + path)
    const slash = await fetch(`${emulator.url}${path}/`)
    expect([path, slash.status, await slash.text()]).toEqual([path, plain.status, await plain.text()])
    expect((await fetch(`${emulator.url}${path}//`)).status).toBe(404)
  }
  const { client_id, client_secrets, scopes } = emulator.contexts.oauth_server_to_server
  const form = { grant_type: 'client_credentials', client_id, client_secret: client_secrets[0] ?? '' }
  const answers = ['/ims/token/', '/ims/token/v3/'].map((path) =>
    post(emulator.url + path, { ...form, scope: scopes.join(',') }),
  )
  // the version before the slash still decides the unit
  expect((await Promise.all(answers)).map(({ body }) => body.expires_in)).toEqual([86399985, 86399])
})
