import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { client_id, tokenCalls } from '../token-calls.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const { call, signedIn, validate } = tokenCalls(() => emulator)

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
