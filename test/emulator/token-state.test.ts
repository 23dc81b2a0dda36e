import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Ims } from '../../src/core/index.ts'
import { createEmulator, type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { post, publicCode } from './person.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator({
    clients: [{ clientId: 'service', clientSecrets: ['s'], permanentCode: 'permanent' }],
  })
})
afterAll(() => emulator.close())

const call = (path: string, params: Record<string, string>, headers?: Record<string, string>) =>
  post(emulator.url + path, params, headers)
const client_id = 'emulator-public'
const signedIn = async () => {
  const code = await publicCode(emulator)
  const { body } = await call('/ims/token/v3', { grant_type: 'authorization_code', ...code })
  return body as { access_token: string; refresh_token: string }
}
const validate = async (token: string, type = 'access_token', id = client_id) =>
  (await call('/ims/validate_token/v1', { token, type, client_id: id })).body

describe('validate_token', () => {
  test('says who a valid token belongs to', async () => {
    const { access_token, refresh_token } = await signedIn()
    expect(await validate(access_token)).toEqual({
      valid: true,
      token: {
        client_id,
        user_id: expect.stringMatching(/@AdobeID$/),
        type: 'access_token',
        created_at: expect.stringMatching(/^\d{13}$/),
        expires_in: '86400000',
      },
    })
    expect((await validate(refresh_token, 'refresh_token')).valid).toBe(true)
  })

  test('names the organization of a token that has one, and no scopes', async () => {
    const { client_id: id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
    const grant = { grant_type: 'client_credentials', client_id: id, client_secret: client_secrets[0] ?? '' }
    const { access_token } = (await call('/ims/token/v3', { ...grant, scope: 'openid' })).body
    const { token } = await validate(access_token, 'access_token', id)
    expect(token.org).toBe(ims_org_id)
    expect(Object.keys(token).sort()).toEqual(['client_id', 'created_at', 'expires_in', 'org', 'type', 'user_id'])
  })

  test('takes the token as a bearer too, by POST and by GET', async () => {
    const { access_token } = await signedIn()
    const headers = { authorization: `Bearer ${access_token}` }
    const params = { type: 'access_token', client_id }
    expect((await call('/ims/validate_token/v1', params, headers)).body.valid).toBe(true)
    const url = `${emulator.url}/ims/validate_token/v1?${new URLSearchParams(params)}`
    expect((await (await fetch(url, { headers })).json()).valid).toBe(true)
  })

  test('gives a reason for what is invalid, with status 200', async () => {
    const { access_token } = await signedIn()
    const invalid = (reason: string) => ({ valid: false, reason })
    expect(await validate('garbage')).toEqual(invalid('bad_payload'))
    expect(await validate(`${access_token.slice(0, -8)}AAAAAAAA`)).toEqual(invalid('bad_signature'))
    expect(await validate(access_token, 'refresh_token')).toEqual(invalid('bad_token_type'))
    expect(await validate(access_token, 'access_token', 'emulator-web-app')).toEqual(invalid('bad_client_id'))
    emulator.setTime(Date.now() + 86_400_001)
    expect(await validate(access_token)).toEqual(invalid('expired'))
    emulator.setTime(undefined)
  })

  test('refuses an unknown client and a call without a token', async () => {
    const unknown = await call('/ims/validate_token/v1', { token: 'x', type: 'access_token', client_id: 'nobody' })
    expect(unknown).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
    const without = await call('/ims/validate_token/v1', { type: 'access_token', client_id })
    expect(without).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})

describe('invalidate_token', () => {
  const invalidate = (params: Record<string, string>) => call('/ims/invalidate_token/v2', { client_id, ...params })

  test('answers 200 without a body, and the token is dead', async () => {
    const { access_token } = await signedIn()
    const { status, body } = await invalidate({ token: access_token, token_type: 'access_token' })
    expect([status, body]).toEqual([200, undefined])
    expect(await validate(access_token)).toEqual({ valid: false, reason: 'revoked' })
  })

  test('cascading=all takes along what came from a refresh token; without it nothing else dies', async () => {
    const kept = await signedIn()
    await invalidate({ token: kept.refresh_token, token_type: 'refresh_token' })
    expect((await validate(kept.refresh_token, 'refresh_token')).valid).toBe(false)
    expect((await validate(kept.access_token)).valid).toBe(true)
    const lost = await signedIn()
    await invalidate({ token: lost.refresh_token, token_type: 'refresh_token', cascading: 'all' })
    expect((await validate(lost.access_token)).valid).toBe(false)
    const single = await signedIn()
    await invalidate({ token: single.access_token, token_type: 'access_token', cascading: 'all' })
    expect((await validate(single.refresh_token, 'refresh_token')).valid).toBe(true)
  })

  test('a service token needs the secret', async () => {
    const grant = { grant_type: 'authorization_code', code: 'permanent', client_id: 'service', client_secret: 's' }
    const { access_token: token } = (await call('/ims/token/v4', grant)).body
    const params = { token, token_type: 'service_token', client_id: 'service' }
    expect(await invalidate(params)).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
    expect((await invalidate({ ...params, client_secret: 's' })).status).toBe(200)
  })

  test('refuses a wrong type, a foreign token and a wrong secret', async () => {
    const { access_token: token } = await signedIn()
    const wrongType = await invalidate({ token, token_type: 'refresh_token' })
    expect(wrongType).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
    const foreign = { client_id: 'emulator-web-app', token, token_type: 'access_token' }
    expect(await invalidate(foreign)).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
    expect(await invalidate({ ...foreign, client_secret: 'wrong' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_client' },
    })
    expect((await validate(token)).valid).toBe(true)
  })
})

describe('revoke', () => {
  test('a refresh token takes its access tokens along', async () => {
    const { access_token, refresh_token } = await signedIn()
    const { status, body } = await call(`/ims/revoke?client_id=${client_id}`, { token: refresh_token })
    expect([status, body]).toEqual([200, undefined])
    expect((await validate(access_token)).valid).toBe(false)
  })

  test('accepts an unknown token, and refuses a client that cannot prove itself', async () => {
    expect((await call('/ims/revoke', { client_id, token: 'garbage' })).status).toBe(200)
    const basic = (secret: string) => ({ authorization: `Basic ${btoa(`emulator-web-app:${secret}`)}` })
    expect((await call('/ims/revoke', { token: 'x' }, basic('emulator-web-app-secret'))).status).toBe(200)
    const { status, body } = await call('/ims/revoke', { token: 'x' }, basic('wrong'))
    expect([status, body.error]).toEqual([400, 'invalid_client'])
  })

  test('a token of another client is refused and stays valid', async () => {
    const { access_token: token } = await signedIn()
    const { client_id, client_secret } = emulator.contexts.oauth
    const refused = await call('/ims/revoke', { client_id, client_secret, token })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
    expect((await validate(token)).valid).toBe(true)
  })

  test('a token of another environment is refused', async () => {
    const elsewhere = await createEmulator({ autoLogin: 'user@example.com' })
    const { client_id: id, client_secrets, scopes } = elsewhere.contexts.oauth_server_to_server
    const ims = new Ims({ endpoint: elsewhere.url, fetch: elsewhere.fetch })
    const { access_token } = await ims.getAccessTokenByClientCredentials(id, client_secrets[0] ?? '', undefined, scopes)
    const refused = await call('/ims/revoke', { client_id, token: access_token.token })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
  })

  test('token_type_hint is accepted, right or wrong', async () => {
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
      const { access_token: token } = await signedIn()
      expect((await call('/ims/revoke', { client_id, token, token_type_hint })).status).toBe(200)
      expect((await validate(token)).valid).toBe(false)
    }
  })
})
