import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
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

  test('an unknown token is no error, a client that cannot prove itself is', async () => {
    expect((await call('/ims/revoke', { client_id, token: 'garbage' })).status).toBe(200)
    const basic = (secret: string) => ({ authorization: `Basic ${btoa(`emulator-web-app:${secret}`)}` })
    expect((await call('/ims/revoke', { token: 'x' }, basic('emulator-web-app-secret'))).status).toBe(200)
    const { status, body } = await call('/ims/revoke', { token: 'x' }, basic('wrong'))
    expect([status, body.error]).toEqual([400, 'invalid_client'])
  })

  test('a token of another client stays alive', async () => {
    const { access_token: token } = await signedIn()
    const other = emulator.contexts.oauth
    await call('/ims/revoke', { client_id: other.client_id, client_secret: other.client_secret, token })
    expect((await validate(token)).valid).toBe(true)
  })
})
