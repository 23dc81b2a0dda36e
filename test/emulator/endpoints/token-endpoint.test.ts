import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { post, publicCode } from '../person.ts'

let emulator: RunningEmulator
const token = (version: string) => `${emulator.url}/ims/token${version}`

beforeAll(async () => {
  emulator = await startEmulator({
    clients: [
      { clientId: 'narrow', clientSecrets: ['s'], technicalAccountId: 'T@techacct.adobe.com', scopes: ['openid'] },
      {
        clientId: 'short',
        clientSecrets: ['s'],
        technicalAccountId: 'T@techacct.adobe.com',
        accessTokenLifetime: 60_000,
      },
    ],
  })
})
afterAll(() => emulator.close())

const serverToServer = () => {
  const { client_id, client_secrets, ims_org_id, scopes } = emulator.contexts.oauth_server_to_server
  return { client_id, client_secret: client_secrets[0] ?? '', org_id: ims_org_id, scope: scopes.join(',') }
}
const webApp = () => {
  const { client_id, client_secret } = emulator.contexts.oauth
  return { client_id, client_secret }
}
const redeem = (params: Record<string, string>) => post(token('/v3'), { grant_type: 'authorization_code', ...params })

describe('client_credentials', () => {
  const ask = (params: Record<string, string>, version = '/v2') =>
    post(token(version), { grant_type: 'client_credentials', ...params })

  test('issues a token for the technical account with the header and claims of IMS', async () => {
    const { status, body, response } = await ask(serverToServer())
    expect(status).toBe(200)
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 86399 })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(decodeProtectedHeader(body.access_token)).toEqual({
      alg: 'RS256',
      x5u: expect.stringMatching(/^[\w-]{43}\.cer$/),
      kid: expect.stringMatching(/^[\w-]{43}$/),
      itt: 'at',
    })
    const claims = decodeJwt(body.access_token)
    expect(claims).toMatchObject({
      id: expect.stringMatching(/^\d+_[0-9a-f-]{36}_ue1$/),
      type: 'access_token',
      client_id: 'emulator-server-to-server',
      user_id: 'BBBBBBBBBBBBBBBBBBBBBBBB@techacct.adobe.com',
      as: 'ims-na1',
      expires_in: '86400000',
      created_at: expect.stringMatching(/^\d{13}$/),
      scope: 'openid,AdobeID,read_organizations',
    })
    for (const absent of ['iss', 'aud', 'exp', 'iat', 'sub', 'nbf']) expect(claims).not.toHaveProperty(absent)
  })

  test('signs with a key that is published', async () => {
    const { body } = await ask(serverToServer())
    const keys = await (await fetch(`${emulator.url}/ims/keys`)).json()
    const verified = await jwtVerify(body.access_token, createLocalJWKSet(keys))
    expect(verified.payload.client_id).toBe('emulator-server-to-server')
  })

  test('reports the lifetime in ms in the old dialect and in seconds since v2', async () => {
    const lifetimes = await Promise.all(
      ['', '/v1', '/v2', '/v3', '/v4'].map(async (version) => (await ask(serverToServer(), version)).body.expires_in),
    )
    expect(lifetimes).toEqual([86399985, 86399985, 86399, 86399, 86399])
  })

  test('takes either secret, from the form, a multipart form, the query or a Basic header', async () => {
    const { client_secret: _, ...rest } = serverToServer()
    const [first = '', second = ''] = emulator.contexts.oauth_server_to_server.client_secrets
    expect((await ask({ ...rest, client_secret: second })).status).toBe(200)
    const all = { grant_type: 'client_credentials', ...rest, client_secret: first }
    const form = new FormData()
    for (const [name, value] of Object.entries(all)) form.set(name, value)
    expect((await fetch(token('/v2'), { method: 'POST', body: form })).status).toBe(200)
    expect((await fetch(`${token('/v2')}?${new URLSearchParams(all)}`, { method: 'POST' })).status).toBe(200)
    const { client_id, ...unnamed } = rest
    const basic = { authorization: `Basic ${btoa(`${client_id}:${first}`)}` }
    expect((await post(token('/v3'), { grant_type: 'client_credentials', ...unnamed }, basic)).status).toBe(200)
    for (const version of ['', '/v1']) {
      const old = await post(token(version), { grant_type: 'client_credentials', ...unnamed }, basic)
      expect(old.body).toEqual({ error: 'invalid_client', error_description: 'invalid client_id parameter' })
    }
  })

  test('refuses an unknown client, a wrong secret, another organization and scopes it does not have', async () => {
    const good = serverToServer()
    expect(await ask({ ...good, client_id: 'nobody' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_client', error_description: 'invalid client_id parameter' },
    })
    for (const version of ['', '/v1', '/v2', '/v3', '/v4']) {
      expect(await ask({ ...good, client_secret: 'wrong' }, version)).toMatchObject({
        status: 400,
        body: { error: 'invalid_client', error_description: 'invalid client_secret parameter' },
      })
    }
    const basic = { authorization: `Basic ${btoa(`${good.client_id}:wrong`)}` }
    expect(await post(token('/v3'), { grant_type: 'client_credentials' }, basic)).toMatchObject({
      status: 400,
      body: { error: 'invalid_client', error_description: 'invalid client_secret parameter' },
    })
    expect(await ask({ ...good, org_id: 'X@AdobeOrg' })).toMatchObject({
      status: 400,
      body: { error: 'access_denied' },
    })
    const narrow = { client_id: 'narrow', client_secret: 's', org_id: 'X@AdobeOrg' }
    expect((await ask({ ...narrow, scope: 'openid' })).status).toBe(200)
    expect(await ask({ ...narrow, scope: 'openid,more' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    })
    expect(await ask({ ...good, scope: 'openid,unheard_of' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    })
    const { scope: _, ...scopeless } = good
    expect(await ask(scopeless)).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect(await ask({ ...scopeless, scope: ' , ' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect(await ask({ ...webApp(), org_id: 'X@AdobeOrg', scope: 'openid' })).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    })
  })

  test('gives a client its own lifetime', async () => {
    const { body } = await ask({ client_id: 'short', client_secret: 's', org_id: 'X@AdobeOrg', scope: 'any' })
    expect(body.expires_in).toBe(59)
    expect(decodeJwt(body.access_token).expires_in).toBe('60000')
  })
})

test('refuses unknown grant types, and grants a version does not know', async () => {
  const { client_id, client_secret } = serverToServer()
  const ask = (params: Record<string, string>, version: string) =>
    post(token(version), { client_id, client_secret, ...params })
  expect(await ask({ grant_type: 'password' }, '/v3')).toMatchObject({ body: { error: 'unsupported_grant_type' } })
  expect(await ask({ grant_type: 'constructor' }, '/v3')).toMatchObject({ body: { error: 'unsupported_grant_type' } })
  for (const [grant_type, version] of [
    ['cluster_at_exchange', '/v1'],
    ['promise', '/v3'],
    ['promise_exchange', '/v3'],
    ['urn:ietf:params:oauth:grant-type:token-exchange', '/v3'],
  ] as const) {
    const refused = { status: 400, body: { error: 'unsupported_grant_type' } }
    expect(await ask({ grant_type }, version), grant_type).toMatchObject(refused)
  }
  expect(await ask({ grant_type: 'aux_sid_exchange', aux_sid: 'x' }, '/v3')).toMatchObject({
    status: 400,
    body: { error: 'unsupported_grant_type', error_description: expect.stringContaining('aux_sid') },
  })
  expect(await ask({}, '/v3')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
})

describe('exchanges', () => {
  const userToken = async () => (await redeem(await publicCode(emulator))).body.access_token
  const otherOrg = '89ABCDEF0123456789ABCDEF@AdobeOrg'

  test('cluster_at_exchange switches to another organization and back', async () => {
    const ask = (params: Record<string, string>) =>
      post(`${token('/v3')}?client_id=emulator-public`, { grant_type: 'cluster_at_exchange', scope: '', ...params })
    const user_token = await userToken()
    const { body, status } = await ask({ user_token, owning_org_id: otherOrg })
    expect(status).toBe(200)
    const before = decodeJwt(user_token)
    const after = decodeJwt(body.access_token)
    expect(after).toMatchObject({ org: otherOrg, aa_id: before.user_id, scope: before.scope })
    expect(after.user_id).toMatch(/\.e$/)
    const back = await ask({ user_token: body.access_token, user_id: String(before.user_id) })
    expect(decodeJwt(back.body.access_token).user_id).toBe(before.user_id)
    expect(await ask({ user_token, owning_org_id: 'X@AdobeOrg' })).toMatchObject({ body: { error: 'access_denied' } })
    expect(await ask({ user_token, owning_org_id: otherOrg, user_id: 'both' })).toMatchObject({
      body: { error: 'invalid_request' },
    })
    expect(await ask({ user_token: 'garbage', owning_org_id: otherOrg })).toMatchObject({
      body: { error: 'invalid_token' },
    })
  })

  test('cluster_at_exchange works at v2 with the client id in the body', async () => {
    const params = { client_id: 'emulator-public', user_token: await userToken(), owning_org_id: otherOrg }
    const { status, body } = await post(token('/v2'), { grant_type: 'cluster_at_exchange', ...params })
    expect([status, body.expires_in]).toEqual([200, 86399])
    expect(decodeJwt(body.access_token).org).toBe(otherOrg)
  })

  test('token exchange acts on behalf of a user and names the actor', async () => {
    const type = 'urn:ietf:params:oauth:token-type:access_token'
    const ask = (subject_token: string) =>
      post(token('/v4'), {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        ...webApp(),
        subject_token,
        subject_token_type: type,
        requested_token_type: type,
        scope: 'openid',
      })
    const { body } = await ask(await userToken())
    expect(decodeJwt(body.access_token)).toMatchObject({
      client_id: 'emulator-web-app',
      act: { client_id: 'emulator-web-app' },
      scope: 'openid',
    })
    const machine = await post(token('/v2'), { grant_type: 'client_credentials', ...serverToServer() })
    expect(await ask(machine.body.access_token)).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
  })
})
