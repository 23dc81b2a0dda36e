import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { callback, post, publicCode, signIn } from '../person.ts'

let emulator: RunningEmulator
const token = (version: string) => `${emulator.url}/ims/token${version}`

beforeAll(async () => {
  emulator = await startEmulator({
    clients: [
      { clientId: 'service', clientSecrets: ['s'], permanentCode: 'the-permanent-code' },
      { clientId: 'same-end', clientSecrets: ['s'], redirectUris: [callback], refreshTokenRenewal: 'same-end' },
      { clientId: 'no-renewal', clientSecrets: ['s'], redirectUris: [callback], refreshTokenRenewal: 'none' },
    ],
  })
})
afterAll(() => emulator.close())

const webApp = () => {
  const { client_id, client_secret } = emulator.contexts.oauth
  return { client_id, client_secret }
}
const webAppCode = async (scope = 'openid,AdobeID,offline_access', version = '/v2') => {
  const request = { client_id: webApp().client_id, scope, redirect_uri: callback }
  const back = await signIn(emulator, request, { version })
  return back.searchParams.get('code') ?? ''
}
const redeem = (params: Record<string, string>, version = '/v3') =>
  post(token(version), { grant_type: 'authorization_code', ...params })
const refresh = (refresh_token: string, params: Record<string, string>, version = '/v3') =>
  post(token(version), { grant_type: 'refresh_token', refresh_token, ...params })
const profile = (accessToken: string) =>
  fetch(`${emulator.url}/ims/profile/v1`, { headers: { authorization: `Bearer ${accessToken}` } })

describe('authorization_code', () => {
  test('v3 answers with tokens and sub, and an ID token with standard claims', async () => {
    const { body } = await redeem(await publicCode(emulator, { nonce: 'n-1' }))
    expect(body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      id_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 86399,
      sub: expect.stringMatching(/^[0-9A-F]{24}@AdobeID$/),
    })
    expect(decodeJwt(body.refresh_token)).toMatchObject({ type: 'refresh_token', expires_in: '1209600000' })
    expect(decodeJwt(body.access_token)).toMatchObject({
      rtea: expect.stringMatching(/^\d{13}$/),
      rtid: expect.any(String),
    })
    const keys = createLocalJWKSet(await (await fetch(`${emulator.url}/ims/keys`)).json())
    const verified = await jwtVerify(body.id_token, keys, { issuer: emulator.url, audience: 'emulator-public' })
    expect(verified.protectedHeader).toEqual({
      alg: 'RS256',
      kid: expect.stringMatching(/^[\w-]{43}$/),
      x5u: `${verified.protectedHeader.kid}.cer`,
    })
    expect(verified.payload).toMatchObject({ nonce: 'n-1', sub: body.sub, email: 'user@example.com' })
    expect((verified.payload.exp ?? 0) - (verified.payload.iat ?? 0)).toBe(86400)
  })

  test('v1 inlines the profile by scope and always issues a refresh token', async () => {
    const { body } = await redeem({ ...webApp(), code: await webAppCode('openid,AdobeID') }, '/v1')
    expect(body).toMatchObject({
      refresh_token: expect.any(String),
      expires_in: 86399985,
      email: 'user@example.com',
      email_verified: 'true',
      userId: expect.stringMatching(/@AdobeID$/),
      account_type: 'type1',
    })
    const { body: bare } = await redeem({ ...webApp(), code: await webAppCode('openid', '/v1') }, '/v1')
    expect(bare).toHaveProperty('email')
    expect(bare).not.toHaveProperty('userId')
  })

  test('issues no refresh token without offline_access and no ID token without openid', async () => {
    const { body } = await redeem({ ...webApp(), code: await webAppCode('AdobeID') })
    expect(body).not.toHaveProperty('refresh_token')
    expect(body).not.toHaveProperty('id_token')
  })

  test('a code works once; its second use kills what the first one brought', async () => {
    const code = await publicCode(emulator)
    const { body } = await redeem(code)
    expect((await profile(body.access_token)).status).toBe(200)
    expect(await redeem(code)).toMatchObject({ status: 400, body: { error: 'access_denied' } })
    expect((await profile(body.access_token)).status).toBe(401)
    expect(await refresh(body.refresh_token, { client_id: code.client_id })).toMatchObject({ status: 400 })
  })

  test('of two requests with one code at the same time one wins', async () => {
    const code = await publicCode(emulator)
    const body = () => new URLSearchParams({ grant_type: 'authorization_code', ...code })
    // In process, where nothing keeps the two apart
    const redeemHere = () => emulator.fetch(token('/v3'), { method: 'POST', body: body() })
    const answers = await Promise.all([redeemHere(), redeemHere()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  test('a code expires', async () => {
    const code = await publicCode(emulator)
    emulator.setTime(Date.now() + 600_001)
    const { body } = await redeem(code)
    emulator.setTime(undefined)
    expect(body).toMatchObject({ error: 'access_denied', error_description: 'the authorization_code has expired' })
  })

  test('a code is bound to its client, redirect URI and PKCE challenge', async () => {
    const code = await publicCode(emulator)
    const { code_verifier: _, ...without } = code
    const wrong = 'x'.repeat(43)
    expect(await redeem({ ...webApp(), code: code.code, code_verifier: code.code_verifier })).toMatchObject({
      body: { error: 'access_denied', error_description: 'the authorization_code was issued to another client' },
    })
    expect(await redeem(without)).toMatchObject({ body: { error: 'access_denied' } })
    expect(await redeem({ ...code, code_verifier: wrong })).toMatchObject({ body: { error: 'access_denied' } })
    expect(await redeem({ ...code, redirect_uri: `${callback}/other` })).toMatchObject({
      body: { error: 'access_denied', error_description: 'redirect_uri does not match the authorization request' },
    })
    expect((await redeem({ ...code, redirect_uri: callback })).status).toBe(200)
  })

  test('a verifier for a code without challenge is refused', async () => {
    const answer = await redeem({ ...webApp(), code: await webAppCode(), code_verifier: 'v'.repeat(43) })
    expect(answer.body.error).toBe('access_denied')
  })

  test('the challenge method defaults to plain', async () => {
    const verifier = 'plain-verifier-'.repeat(3)
    const { client_id, scope } = emulator.contexts.oauth_public
    const back = await signIn(emulator, { client_id, scope, redirect_uri: callback, code_challenge: verifier })
    const code = back.searchParams.get('code') ?? ''
    expect((await redeem({ client_id, code, code_verifier: verifier })).status).toBe(200)
  })

  test('a public client must not send a secret', async () => {
    const answer = await redeem({ ...(await publicCode(emulator)), client_secret: 'anything' })
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'invalid_client', error_description: 'unexpected client_secret parameter' },
    })
  })

  test('garbage is access_denied in every dialect', async () => {
    const errors = ['', '/v1', '/v2', '/v3', '/v4'].map(async (version) => {
      const { status, body } = await redeem({ ...webApp(), code: 'garbage' }, version)
      return [status, body.error]
    })
    expect(await Promise.all(errors)).toEqual(Array(5).fill([400, 'access_denied']))
  })

  test('scope narrows the access token and cannot widen it', async () => {
    const { body } = await redeem({ ...webApp(), code: await webAppCode(), scope: 'openid' })
    expect(decodeJwt(body.access_token).scope).toBe('openid')
    const wider = await redeem({ ...webApp(), code: await webAppCode(), scope: 'openid more' })
    expect(wider.body.error).toBe('invalid_scope')
  })

  test('authorize adds AdobeID by itself, and a scope at the exchange drops it', async () => {
    const scopeOf = async (params: Record<string, string>) => {
      const { body } = await redeem({ ...webApp(), code: await webAppCode('openid,email'), ...params })
      return decodeJwt(body.access_token).scope
    }
    expect(await scopeOf({})).toBe('openid,email,AdobeID')
    expect(await scopeOf({ scope: 'openid,email' })).toBe('openid,email')
    expect(await scopeOf({ scope: 'openid,email,AdobeID' })).toBe('openid,email,AdobeID')
  })

  test('a permanent code yields service tokens, again and again', async () => {
    const ask = () => redeem({ client_id: 'service', client_secret: 's', code: 'the-permanent-code' }, '/v4')
    const { body } = await ask()
    expect(decodeJwt(body.access_token)).toMatchObject({ user_id: 'service@AdobeService', scope: 'system' })
    expect((await ask()).status).toBe(200)
  })
})

describe('refresh_token', () => {
  test('rotates, and the reuse of the old one kills the family', async () => {
    const { client_id, ...code } = await publicCode(emulator)
    const first = (await redeem({ client_id, ...code })).body
    const second = (await refresh(first.refresh_token, { client_id })).body
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await profile(second.access_token)).status).toBe(200)
    const reuse = await refresh(first.refresh_token, { client_id })
    expect(reuse).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await profile(second.access_token)).status).toBe(401)
    expect(await refresh(second.refresh_token, { client_id })).toMatchObject({ body: { error: 'invalid_grant' } })
  })

  test('of two uses at the same time one wins, and its tokens die with the family', async () => {
    const { client_id, ...code } = await publicCode(emulator)
    const { refresh_token } = (await redeem({ client_id, ...code })).body
    const form = { grant_type: 'refresh_token', client_id, refresh_token }
    const useHere = () => emulator.fetch(token('/v3'), { method: 'POST', body: new URLSearchParams(form) })
    const answers = await Promise.all([useHere(), useHere()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    const bodies = await Promise.all(answers.map((answer) => answer.json()))
    const winner = bodies.find(({ access_token }) => access_token !== undefined)
    expect((await profile(winner.access_token)).status).toBe(401)
  })

  test('expires, and belongs to one client', async () => {
    const { client_id, ...code } = await publicCode(emulator)
    const { refresh_token } = (await redeem({ client_id, ...code })).body
    expect(await refresh(refresh_token, webApp())).toMatchObject({ body: { error: 'invalid_grant' } })
    emulator.setTime(Date.now() + 14 * 86_400_000 + 1)
    const late = await refresh(refresh_token, { client_id })
    emulator.setTime(undefined)
    expect(late.body.error_description).toBe('the refresh_token has expired')
  })

  test('a narrower scope holds for one access token only', async () => {
    const { client_id, ...code } = await publicCode(emulator)
    const first = (await redeem({ client_id, ...code })).body
    const narrow = (await refresh(first.refresh_token, { client_id, scope: 'openid' })).body
    expect(decodeJwt(narrow.access_token).scope).toBe('openid')
    const wide = (await refresh(narrow.refresh_token, { client_id })).body
    expect(decodeJwt(wide.access_token).scope).toBe(emulator.contexts.oauth_public.scope)
  })

  const firstTokens = async (client_id: string) => {
    const back = await signIn(emulator, { client_id, scope: 'openid,offline_access', redirect_uri: callback })
    return (await redeem({ client_id, client_secret: 's', code: back.searchParams.get('code') ?? '' })).body
  }
  const lastDay = 13 * 86_400_000
  const endOf = (token: string) => {
    const { created_at, expires_in } = decodeJwt(token)
    return Number(created_at) + Number(expires_in)
  }

  test('of a client with refreshTokenRenewal same-end, every one expires with the first', async () => {
    onTestFinished(() => emulator.setTime(undefined))
    const client = { client_id: 'same-end', client_secret: 's' }
    const start = Date.now()
    emulator.setTime(start)
    const first = await firstTokens('same-end')
    emulator.setTime(start + lastDay)
    const { body: second } = await refresh(first.refresh_token, client)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(endOf(second.refresh_token)).toBe(endOf(first.refresh_token))
    expect(decodeJwt(second.access_token).rtea).toBe(String(endOf(first.refresh_token)))
    const { body: third } = await refresh(second.refresh_token, client)
    emulator.setTime(endOf(first.refresh_token))
    expect(await refresh(third.refresh_token, client)).toMatchObject({
      status: 400,
      body: { error_description: 'the refresh_token has expired' },
    })
  })

  test('of a client with refreshTokenRenewal none, the first is used again and again until it expires', async () => {
    onTestFinished(() => emulator.setTime(undefined))
    const client = { client_id: 'no-renewal', client_secret: 's' }
    const start = Date.now()
    emulator.setTime(start)
    const { refresh_token } = await firstTokens('no-renewal')
    for (const time of [start, start + lastDay]) {
      emulator.setTime(time)
      const { status, body } = await refresh(refresh_token, client)
      expect(status).toBe(200)
      expect(body).not.toHaveProperty('refresh_token')
      expect(decodeJwt(body.access_token).rtea).toBe(String(endOf(refresh_token)))
    }
    emulator.setTime(endOf(refresh_token))
    expect((await refresh(refresh_token, client)).status).toBe(400)
  })
})
