import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Ims } from '../../../src/core/index.ts'
import { createEmulator, type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { client_id, tokenCalls } from '../token-calls.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator({
    clients: [{ clientId: 'service', clientSecrets: ['s'], permanentCode: 'permanent' }],
  })
})
afterAll(() => emulator.close())

const { call, signedIn, validate } = tokenCalls(() => emulator)

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
