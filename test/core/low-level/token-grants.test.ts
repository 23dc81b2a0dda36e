import { inspect } from 'node:util'
import { importPKCS8, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { getTokenData, Ims } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'
import { codeFor, day, emulator, ims, orgs, redirect_uri, sent, soon, urls, userTokens } from './ims-on-emulator.ts'

describe('token requests', () => {
  it('getAccessTokenByClientCredentials: v2, seconds, scopes with commas', async () => {
    const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
    const scopes = Object.freeze(['openid', 'AdobeID'])
    const result = await ims.getAccessTokenByClientCredentials(client_id, client_secrets[0] ?? '', ims_org_id, scopes)
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/ims/token/v2',
        authorization: undefined,
        params: {
          grant_type: 'client_credentials',
          client_id,
          client_secret: client_secrets[0],
          org_id: ims_org_id,
          scope: 'openid,AdobeID',
        },
      },
    ])
    expect(Object.keys(result).sort()).toEqual(['access_token', 'payload'])
    expect(soon(result.access_token.expiry, day)).toBe(true)
    expect(result.payload).toMatchObject({ access_token: result.access_token.token, token_type: 'bearer' })
    expect(result.payload.expires_in).toBeLessThanOrEqual(86_400)
  })

  it('does not send what is not given', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const asked = ims.getAccessTokenByClientCredentials(client_id, client_secrets[0] ?? '')
    await expect(asked).rejects.toMatchObject({ imsError: 'invalid_scope' })
    expect(Object.keys(sent[0]?.params ?? {}).sort()).toEqual(['client_id', 'client_secret', 'grant_type'])
  })

  it('getAccessToken: v1, milliseconds, the grant by the code’s own type', async () => {
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    const { code } = await codeFor('oauth', 'v1')
    const first = await ims.getAccessToken(code, client_id, client_secret, scope)
    const expected = { client_id, client_secret, scope }
    expect(sent[0]).toEqual({
      method: 'POST',
      path: '/ims/token/v1',
      authorization: undefined,
      params: { grant_type: 'authorization_code', code, ...expected },
    })
    expect(soon(first.access_token.expiry, day)).toBe(true)
    expect(soon(first.refresh_token?.expiry ?? 0, 14 * day)).toBe(true)
    expect(first.payload.expires_in).toBeGreaterThan(86_000_000)
    const refresh = first.refresh_token?.token ?? ''
    const second = await ims.getAccessToken(refresh, client_id, client_secret, scope)
    expect(sent[1]?.params).toEqual({ grant_type: 'refresh_token', refresh_token: refresh, ...expected })
    expect(second.access_token.token).not.toBe(first.access_token.token)
    expect(second.refresh_token?.token).not.toBe(refresh)
  })

  it('getAccessToken refuses what it cannot redeem before anything is sent', async () => {
    const access = unsignedToken({ type: 'access_token', client_id: 'c' })
    for (const wrong of [access, unsignedToken({}), unsignedToken({ type: 'toString' }), unsignedToken({ type: 5 })]) {
      expect(await failureOf(ims.getAccessToken(wrong, 'c', 's'))).toMatchObject({ code: 'UNKNOWN_AUTHCODE_TYPE' })
    }
    const error = await failureOf(ims.getAccessToken('opaque-code-canary', 'c', 's'))
    expect(error).toMatchObject({ code: 'BAD_TOKEN', message: expect.stringContaining('exchangeAuthorizationCode') })
    expect(inspect(error)).not.toContain('canary')
    expect(sent).toEqual([])
  })

  it('exchangeJwtToken: milliseconds', async () => {
    const { client_id, client_secret, private_key, ...account } = emulator.contexts.jwt
    const jwt = await new SignJWT({ [`${emulator.url}/s/${account.meta_scopes[0]}`]: true })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(account.ims_org_id)
      .setSubject(account.technical_account_id)
      .setAudience(`${emulator.url}/c/${client_id}`)
      .setExpirationTime('5m')
      .sign(await importPKCS8(private_key, 'RS256'))
    const result = await ims.exchangeJwtToken(client_id, client_secret, jwt)
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/ims/exchange/jwt',
        authorization: undefined,
        params: { client_id, client_secret, jwt_token: jwt },
      },
    ])
    expect(soon(result.access_token.expiry, day)).toBe(true)
    expect(result.payload.expires_in).toBeGreaterThan(86_000_000)
    expect(result).not.toHaveProperty('refresh_token')
  })

  it('exchangeAuthorizationCode: v3, PKCE, seconds, no secret of a public client', async () => {
    const { client_id } = emulator.contexts.oauth_public
    const { code, verifier } = await codeFor('oauth_public')
    const request = { clientId: client_id, code, codeVerifier: verifier, redirectUri: redirect_uri }
    const result = await ims.exchangeAuthorizationCode(request)
    expect(sent[0]).toEqual({
      method: 'POST',
      path: '/ims/token/v3',
      authorization: undefined,
      params: { grant_type: 'authorization_code', client_id, code, code_verifier: verifier, redirect_uri },
    })
    expect(soon(result.access_token.expiry, day)).toBe(true)
    expect(soon(result.refresh_token?.expiry ?? 0, 14 * day)).toBe(true)
    expect(result.payload).toHaveProperty('id_token')
  })

  it('refreshToken: v3, a new refresh token, a narrower scope if requested', async () => {
    const { client_id } = emulator.contexts.oauth_public
    const { refresh_token } = await userTokens()
    sent.length = 0
    const refreshToken = refresh_token?.token ?? ''
    const plain = await ims.refreshToken({ clientId: client_id, refreshToken })
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/ims/token/v3' })
    expect(sent[0]?.params).toEqual({ grant_type: 'refresh_token', client_id, refresh_token: refreshToken })
    const narrowed = await ims.refreshToken({
      clientId: client_id,
      refreshToken: plain.refresh_token?.token ?? '',
      scopes: ['openid', 'email'],
    })
    expect(sent[1]?.params.scope).toBe('openid email')
    expect(getTokenData(narrowed.access_token.token).scope).toBe('openid,email')
  })

  it('exchangeToken: v3, the client id in the query, one of organization and profile', async () => {
    const { client_id } = emulator.contexts.oauth_public
    const { access_token } = await userTokens()
    sent.length = 0
    const moved = await ims.exchangeToken({ clientId: client_id, token: access_token.token, orgId: orgs[1] ?? '' })
    expect(sent[0]).toMatchObject({
      method: 'POST',
      path: '/ims/token/v3',
      params: { grant_type: 'cluster_at_exchange', client_id, user_token: access_token.token, owning_org_id: orgs[1] },
    })
    expect(sent[0]?.params).not.toHaveProperty('user_id')
    const there = getTokenData(moved.access_token.token)
    expect(there.user_id).not.toBe(getTokenData(access_token.token).user_id)
    await ims.exchangeToken({ clientId: client_id, token: access_token.token, userId: there.user_id ?? '' })
    expect(sent[1]?.params).toMatchObject({ user_id: there.user_id })
    expect(sent[1]?.params).not.toHaveProperty('owning_org_id')
  })

  it('an opaque token takes its expiry from expires_in and works with every method', async () => {
    const opaque = await createEmulator({ opaqueTokens: true, autoLogin: 'user@example.com' })
    const using = new Ims({ endpoint: opaque.url, fetch: opaque.fetch })
    const { client_id, client_secrets } = opaque.contexts.oauth_server_to_server
    const result = await using.getAccessTokenByClientCredentials(client_id, client_secrets[0] ?? '', undefined, [
      'openid',
    ])
    const { token, expiry } = result.access_token
    expect(token.split('.')).toHaveLength(1)
    expect(soon(expiry, day)).toBe(true)
    await expect(using.validateToken(token, client_id)).resolves.toMatchObject({ valid: true })
    await expect(using.validateToken(token)).resolves.toEqual({ valid: false, reason: 'bad payload' })
    await expect(using.getOrganizations(token)).resolves.toBeDefined()
    await expect(using.toTokenResult(token)).rejects.toMatchObject({ code: 'BAD_TOKEN' })
    await expect(using.invalidateToken(token)).resolves.toBe(true)
    await expect(using.invalidateToken(token, client_id)).resolves.toBe('')
    await expect(using.validateToken(token, client_id)).resolves.toMatchObject({ valid: false })
  })
})

it('nothing secret was in any URL (S29)', () => {
  expect(urls.length).toBeGreaterThan(10)
  for (const url of urls)
    expect([...new URL(url).searchParams.keys()].filter((name) => name !== 'client_id')).toEqual([])
})
