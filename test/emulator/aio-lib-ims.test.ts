import { createRequire } from 'node:module'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { callback, createPerson, signIn } from './person.ts'

// The published package, unmodified; its result shapes are what its documentation promises
interface TokenResult {
  readonly access_token: { readonly token: string; readonly expiry: number }
  readonly refresh_token?: { readonly token: string; readonly expiry: number }
  readonly payload: Record<string, unknown>
}
interface OldIms {
  endpoint: string
  getSusiUrl(clientId: string, scopes: string, callbackUrl: string, state: string): string
  get(api: string, token: string): Promise<Record<string, unknown>>
  post(api: string, token: string, parameters: Record<string, string>): Promise<Record<string, unknown>>
  getAccessToken(code: string, clientId: string, clientSecret: string, scopes: string): Promise<TokenResult>
  getAccessTokenByClientCredentials(id: string, secret: string, org: string, scopes?: string[]): Promise<TokenResult>
  exchangeJwtToken(clientId: string, clientSecret: string, jwt: string): Promise<TokenResult>
  validateToken(token: string, clientId?: string): Promise<Record<string, unknown>>
  validateTokenAllowList(token: string, allowList?: string[]): Promise<Record<string, unknown>>
  invalidateToken(token: string, clientId: string, clientSecret: string): Promise<unknown>
  getOrganizations(token: string): Promise<Record<string, unknown>[]>
}

const require = createRequire(import.meta.url)
const { Ims } = require('@adobe/aio-lib-ims') as { Ims: new (env: string) => OldIms }
const jsonwebtoken = require('jsonwebtoken') as {
  sign(payload: object, key: string, options: { algorithm: string; expiresIn?: number }): string
}

let emulator: RunningEmulator
let ims: OldIms

beforeAll(async () => {
  emulator = await startEmulator()
})
beforeEach(() => {
  ims = new Ims('prod')
  ims.endpoint = emulator.url
})
afterAll(() => emulator.close())

const dayFromNow = (expiry: number) => Math.abs(expiry - Date.now() - 86_400_000) < 10_000
const machineToken = () => {
  const { client_id, client_secrets, ims_org_id, scopes } = emulator.contexts.oauth_server_to_server
  return ims.getAccessTokenByClientCredentials(client_id, client_secrets[1] ?? '', ims_org_id, scopes)
}
const userTokens = async () => {
  const { client_id, client_secret, scope } = emulator.contexts.oauth
  const back = await signIn(emulator, { client_id, scope, redirect_uri: callback })
  return ims.getAccessToken(back.searchParams.get('code') ?? '', client_id, client_secret, scope)
}

describe('getAccessTokenByClientCredentials', () => {
  test('gets a token, multipart and in seconds', async () => {
    const result = await machineToken()
    expect(result.payload).toMatchObject({ token_type: 'bearer', expires_in: 86399 })
    expect(dayFromNow(result.access_token.expiry)).toBe(true)
  })

  test('fails with the status and the envelope', async () => {
    const { client_id, ims_org_id } = emulator.contexts.oauth_server_to_server
    await expect(ims.getAccessTokenByClientCredentials(client_id, 'wrong', ims_org_id)).rejects.toThrow(
      '400 (Bad Request): {"error":"invalid_client","error_description":"invalid client_secret parameter"}',
    )
    await expect(ims.getAccessTokenByClientCredentials('nobody', 'x', ims_org_id)).rejects.toThrow(
      '400 (Bad Request): {"error":"invalid_client","error_description":"invalid client_id parameter"}',
    )
  })
})

describe('exchangeJwtToken', () => {
  const assertion = (client: string, key = emulator.contexts.jwt.private_key) => {
    const { ims_org_id, technical_account_id } = emulator.contexts.jwt
    const claims = {
      exp: Math.round(300 + Date.now() / 1000),
      iss: ims_org_id,
      sub: technical_account_id,
      aud: `${emulator.url}/c/${client}`,
      [`${emulator.url}/s/ent_adobeio_sdk`]: true,
    }
    return jsonwebtoken.sign(claims, key, { algorithm: 'RS256' })
  }

  test('trades an assertion signed with jsonwebtoken for a token, in ms', async () => {
    const { client_id, client_secret } = emulator.contexts.jwt
    const result = await ims.exchangeJwtToken(client_id, client_secret, assertion(client_id))
    expect(result.payload.expires_in).toBe(86399985)
    expect(result).not.toHaveProperty('refresh_token')
    expect(dayFromNow(result.access_token.expiry)).toBe(true)
  })

  test('fails for another audience', async () => {
    const { client_id, client_secret } = emulator.contexts.jwt
    await expect(ims.exchangeJwtToken(client_id, client_secret, assertion('other'))).rejects.toThrow(
      /^400 \(Bad Request\): \{"error":"invalid_client"/,
    )
  })
})

describe('getAccessToken', () => {
  test('its own sign-in URL leads to a code, the code to tokens with the profile, the refresh token to more', async () => {
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    await userTokens()
    const person = createPerson(emulator)
    const form = await person.visit(ims.getSusiUrl(client_id, scope, callback, '{"a":1}'))
    const { url } = await person.press(form, 'sign-in', { email: 'user@example.com' })
    expect(url.searchParams.get('state')).toBe('{"a":1}')
    const first = await ims.getAccessToken(url.searchParams.get('code') ?? '', client_id, client_secret, scope)
    expect(first.payload).toMatchObject({ email: 'user@example.com', expires_in: 86399985 })
    expect(dayFromNow(first.access_token.expiry)).toBe(true)
    const second = await ims.getAccessToken(first.refresh_token?.token ?? '', client_id, client_secret, scope)
    expect(second.refresh_token?.token).not.toBe(first.refresh_token?.token)
    await expect(ims.getAccessToken(first.refresh_token?.token ?? '', client_id, client_secret, scope)).rejects.toThrow(
      /^400 \(Bad Request\): \{"error":"invalid_grant"/,
    )
  })

  test('garbage of the right type is access_denied', async () => {
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    const garbage = `e30.${btoa('{"type":"authorization_code"}')}.x`
    await expect(ims.getAccessToken(garbage, client_id, client_secret, scope)).rejects.toThrow(/access_denied/)
  })
})

describe('the life of a token', () => {
  test('validateToken, validateTokenAllowList and invalidateToken', async () => {
    const { access_token } = await machineToken()
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    expect(await ims.validateToken(access_token.token)).toMatchObject({ valid: true, token: { client_id } })
    expect(await ims.validateTokenAllowList(access_token.token, [client_id])).toMatchObject({ valid: true })
    expect(await ims.validateTokenAllowList(access_token.token, ['other'])).toMatchObject({ valid: false })
    expect(await ims.validateToken(access_token.token, 'emulator-web-app')).toMatchObject({ valid: false })
    const tampered = `${access_token.token.slice(0, -8)}AAAAAAAA`
    expect(await ims.validateToken(tampered)).toEqual({ valid: false, reason: 'bad_signature' })
    expect(await ims.invalidateToken(access_token.token, client_id, client_secrets[0] ?? '')).toBe('')
    expect(await ims.validateToken(access_token.token)).toEqual({ valid: false, reason: 'revoked' })
  })

  test('invalidateToken of a refresh token takes the access token along', async () => {
    const { access_token, refresh_token } = await userTokens()
    const { client_id, client_secret } = emulator.contexts.oauth
    expect(await ims.validateToken(refresh_token?.token ?? '')).toMatchObject({ valid: true })
    await ims.invalidateToken(refresh_token?.token ?? '', client_id, client_secret)
    expect(await ims.validateToken(access_token.token)).toMatchObject({ valid: false })
    await expect(ims.invalidateToken(access_token.token, client_id, 'wrong')).rejects.toThrow(/^400 .*"invalid_client"/)
  })

  test('getOrganizations, get and post', async () => {
    const { access_token } = await userTokens()
    expect((await ims.getOrganizations(access_token.token))[0]?.orgRef).toEqual({
      ident: '0123456789ABCDEF01234567',
      authSrc: 'AdobeOrg',
    })
    expect(await ims.get('/ims/profile/v1', access_token.token)).toMatchObject({ email: 'user@example.com' })
    const params = { type: 'access_token', client_id: emulator.contexts.oauth.client_id }
    expect(await ims.post('/ims/validate_token/v1', access_token.token, params)).toMatchObject({ valid: true })
    await expect(ims.getOrganizations('garbage')).rejects.toThrow(/^401 \(Unauthorized\): \{"error":"invalid_token"/)
  })

  test('retries a GET after a 503', async () => {
    const { access_token } = await userTokens()
    emulator.fault({ path: '/ims/organizations', status: 503, headers: { 'retry-after': '0' } })
    expect(await ims.getOrganizations(access_token.token)).toHaveLength(2)
  })
})
