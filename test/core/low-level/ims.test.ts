import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ACCESS_TOKEN,
  AUTHORIZATION_CODE,
  CLIENT_CREDENTIALS,
  CLIENT_ID,
  CLIENT_SECRET,
  type Fetch,
  getTokenData,
  Ims,
  type ImsOptions,
  REFRESH_TOKEN,
  SCOPE,
  ValidationCache,
} from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'

// the one that @adobe/aio-lib-ims depends on
const NpmFormData: new () => { append(name: string, value: unknown, options?: object): void } = createRequire(
  import.meta.resolve('@adobe/aio-lib-ims'),
)('form-data')

const day = 86_400_000
const orgs = ['0123456789ABCDEF01234567@AdobeOrg', '89ABCDEF0123456789ABCDEF@AdobeOrg']

interface Sent {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly params: Record<string, string>
}

let emulator: Emulator
let ims: Ims
let sent: Sent[]
const urls: string[] = []
let person: { code: string; verifier: string }
beforeAll(async () => {
  emulator = await createEmulator({ autoLogin: 'user@example.com' })
})
beforeEach(() => {
  sent = []
  ims = imsWith()
})
afterAll(() => emulator.setTime(undefined))

function imsWith(options: ImsOptions = {}): Ims {
  const fetch = async (url: string, init: RequestInit) => {
    const { pathname, searchParams } = new URL(url)
    urls.push(url)
    const body = init.body instanceof URLSearchParams ? init.body : new URLSearchParams()
    const headers = new Headers(init.headers)
    sent.push({
      method: init.method ?? 'GET',
      path: pathname,
      authorization: headers.get('authorization') ?? undefined,
      params: Object.fromEntries([...searchParams, ...body]),
    })
    return emulator.fetch(url, init)
  }
  return new Ims({ endpoint: emulator.url, fetch, retry: { retries: 0 }, ...options })
}

const redirect_uri = 'http://127.0.0.1:5555/callback'

/** A code for the client, as a person brings it back. */
async function codeFor(kind: 'oauth' | 'oauth_public', version = 'v2'): Promise<typeof person> {
  const { client_id, scope } = emulator.contexts[kind]
  const verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(verifier).digest('base64url')
  const pkce = version === 'v2' ? { code_challenge, code_challenge_method: 'S256' } : {}
  const query = new URLSearchParams({ client_id, scope, redirect_uri, response_type: 'code', state: 's', ...pkce })
  const answer = await emulator.fetch(`${emulator.url}/ims/authorize/${version}?${query}`)
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  return { code, verifier }
}

async function userTokens(using = ims) {
  const { client_id: clientId } = emulator.contexts.oauth_public
  const { code, verifier: codeVerifier } = await codeFor('oauth_public')
  return using.exchangeAuthorizationCode({ clientId, code, codeVerifier, redirectUri: redirect_uri })
}

async function machineToken(using = ims): Promise<string> {
  const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
  const [secret = ''] = client_secrets
  return (await using.getAccessTokenByClientCredentials(client_id, secret, ims_org_id, ['openid'])).access_token.token
}

const soon = (expiry: number, lifetime: number) => Math.abs(expiry - Date.now() - lifetime) < 5_000

it('the constants are the old library’s', () => {
  expect([
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPE,
  ]).toEqual([
    'access_token',
    'refresh_token',
    'authorization_code',
    'client_credentials',
    'client_id',
    'client_secret',
    'scope',
  ])
})

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

  it('getAccessToken refuses what it cannot trade before anything is sent', async () => {
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

  it('refreshToken: v3, a new refresh token, a narrower scope where wanted', async () => {
    const { client_id } = emulator.contexts.oauth_public
    const { refresh_token } = await userTokens()
    sent = []
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
    sent = []
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

  it('an opaque token takes its expiry from expires_in and is good for everything', async () => {
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

describe('about the owner of a token', () => {
  it.each([
    ['getProfile', '/ims/profile/v1', { userId: expect.stringContaining('@') }],
    ['getUserInfo', '/ims/userinfo/v2', { sub: expect.stringContaining('@'), email_verified: true }],
    ['getOrganizations', '/ims/organizations/v6', [{ orgRef: { authSrc: 'AdobeOrg' } }, { orgType: 'Enterprise' }]],
  ] as const)('%s', async (method, path, shape) => {
    const { access_token } = await userTokens()
    sent = []
    await expect(ims[method](access_token.token)).resolves.toMatchObject(shape)
    expect(sent).toEqual([{ method: 'GET', path, authorization: `Bearer ${access_token.token}`, params: {} }])
  })

  it('getProfile sends its parameters', async () => {
    const { access_token } = await userTokens()
    await ims.getProfile(access_token.token, { client_id: 'x', none: undefined })
    expect(sent.at(-1)?.params).toEqual({ client_id: 'x' })
  })

  it('a refusal names what is missing', async () => {
    await expect(ims.getProfile('unknown')).rejects.toMatchObject({ code: 'HTTP_ERROR', status: 401 })
  })
})

describe('about IMS', () => {
  it('getKeys and getOpenIdConfiguration need no token', async () => {
    await expect(ims.getKeys()).resolves.toMatchObject({ keys: [{ kty: 'RSA' }, { use: 'sig' }] })
    await expect(ims.getOpenIdConfiguration()).resolves.toMatchObject({
      token_endpoint: `${emulator.url}/ims/token/v3`,
    })
    expect(sent).toEqual([
      { method: 'GET', path: '/ims/keys', authorization: undefined, params: {} },
      { method: 'GET', path: '/ims/.well-known/openid-configuration', authorization: undefined, params: {} },
    ])
  })
})

describe('the raw calls', () => {
  const echo = (answer: string, headers: Record<string, string> = {}) => {
    const seen: { url: string; init: RequestInit }[] = []
    const fetch = async (url: string, init: RequestInit) => {
      seen.push({ url, init })
      return new Response(answer, { headers })
    }
    return { seen, using: new Ims({ endpoint: 'https://ims.test', fetch }) }
  }

  it('get puts its parameters into the URL, and the token nowhere but the header', async () => {
    const { seen, using } = echo('{"a":1}')
    const parameters = { client_id: 'a b&c=d', n: 5, no: false, none: undefined, nil: null }
    await expect(using.get('/ims/x?already=1', 'the-token', parameters)).resolves.toEqual({ a: 1 })
    const url = new URL(seen[0]?.url ?? '')
    expect(Object.fromEntries(url.searchParams)).toEqual({ already: '1', client_id: 'a b&c=d', n: '5', no: 'false' })
    expect(new Headers(seen[0]?.init.headers).get('authorization')).toBe('Bearer the-token')
    expect(url.href).not.toContain('the-token')
    expect(url.href).not.toContain('undefined')
  })

  it('post puts them urlencoded into the body', async () => {
    const { seen, using } = echo('{}')
    await using.post('/ims/x', undefined, { a: 'b c', none: undefined })
    expect(String(seen[0]?.init.body)).toBe('a=b+c')
    expect(seen[0]?.init.method).toBe('POST')
    expect(new Headers(seen[0]?.init.headers).has('authorization')).toBe(false)
  })

  it('resolve to text where it is no JSON, as the old library did, and take any success', async () => {
    await expect(echo('plain').using.get('/x')).resolves.toBe('plain')
    await expect(echo('').using.get('/x')).resolves.toBe('')
    const created = new Ims({ endpoint: 'https://ims.test', fetch: async () => new Response('{}', { status: 201 }) })
    await expect(created.post('/x')).resolves.toEqual({})
    const empty = new Ims({ endpoint: 'https://ims.test', fetch: async () => new Response(null, { status: 204 }) })
    await expect(empty.revokeToken('t', { clientId: 'c' })).resolves.toBeUndefined()
  })
})

describe('URLs for people', () => {
  it('getSusiUrl has what was given and no word "undefined"', () => {
    const url = new URL(ims.getSusiUrl('the client', 'openid,AdobeID', 'https://app.test/cb?x=1', 'the state'))
    expect(url.origin + url.pathname).toBe(`${emulator.url}/ims/authorize/v1`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'the client',
      scope: 'openid,AdobeID',
      redirect_uri: 'https://app.test/cb?x=1',
      state: 'the state',
    })
    const bare = new URL(ims.getSusiUrl('c', 'openid', 'https://app.test'))
    expect(bare.searchParams.has('state')).toBe(false)
    expect(ims.getSusiUrl('c')).not.toContain('undefined')
  })

  it('getLogoutUrl names the client and where to go', () => {
    const url = new URL(ims.getLogoutUrl({ clientId: 'c', redirectUri: 'https://app.test/bye' }))
    expect(url.pathname).toBe('/ims/logout/v1')
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: 'c', redirect_uri: 'https://app.test/bye' })
    expect(ims.getLogoutUrl({ clientId: 'c' })).not.toContain('undefined')
  })

  it('getApiUrl stays at the endpoint', () => {
    expect(new Ims('stage').getApiUrl('/ims/keys')).toBe('https://ims-na1-stg1.adobelogin.com/ims/keys')
    expect(() => ims.getApiUrl('@evil.test/')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    expect(new URL(ims.getApiUrl('//evil.test/')).origin).toBe(emulator.url)
    expect(new URL(ims.getApiUrl('/../../@evil.test')).origin).toBe(emulator.url)
  })
})

describe('ending tokens', () => {
  it('invalidateToken: v2, the type from the token, no cascade of an access token', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const token = await machineToken()
    sent = []
    await expect(ims.invalidateToken(token, client_id, client_secrets[0])).resolves.toBe('')
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/ims/invalidate_token/v2',
        authorization: undefined,
        params: { token_type: 'access_token', token, client_id, client_secret: client_secrets[0] },
      },
    ])
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: false })
  })

  it('invalidateToken takes the client from the token, and a refresh token takes all along', async () => {
    const { client_id } = emulator.contexts.oauth_public
    const { access_token, refresh_token } = await userTokens()
    sent = []
    const token = refresh_token?.token ?? ''
    await ims.invalidateToken(token)
    expect(sent).toMatchObject([{ path: '/ims/revoke' }])
    expect(sent[0]?.params).toEqual({ token_type_hint: 'refresh_token', token, client_id })
    await expect(ims.validateToken(access_token.token)).resolves.toMatchObject({ valid: false })
  })

  it('invalidateToken tries the other endpoint if IMS refuses the first, and reports the second refusal', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const refused = { status: 400, body: { error: 'invalid_request' } }
    const token = await machineToken()
    sent = []
    emulator.fault({ path: '/ims/invalidate_token', ...refused })
    await expect(ims.invalidateToken(token, client_id, client_secrets[0])).resolves.toBe('')
    expect(sent.map(({ path }) => path)).toEqual(['/ims/invalidate_token/v2', '/ims/revoke'])
    expect(sent[1]?.params).toMatchObject({ client_secret: client_secrets[0], token_type_hint: 'access_token' })
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: false })
    emulator.fault({ path: '/ims/invalidate_token', ...refused })
    emulator.fault({ path: '/ims/revoke', status: 400, body: { error: 'access_denied' } })
    await expect(ims.invalidateToken(token, client_id, client_secrets[0])).rejects.toMatchObject({
      imsError: 'access_denied',
    })
  })

  it.each(['invalid_token', 'invalid_client'])(
    'invalidateToken: after %s another endpoint is not tried',
    async (error) => {
      sent = []
      emulator.fault({ path: '/ims/invalidate_token', status: 400, body: { error } })
      await expect(ims.invalidateToken('t', 'c', 's')).rejects.toMatchObject({ imsError: error })
      expect(sent).toHaveLength(1)
    },
  )

  it('invalidateToken names the client in a header, but in a page, which revokes instead', async () => {
    const seen: [string, string | null][] = []
    const fetch: Fetch = async (url, init) => {
      seen.push([new URL(url).pathname, new Headers(init.headers).get('x-ims-clientid')])
      return new Response('', { status: seen.length > 2 ? 400 : 200 })
    }
    const low = new Ims({ endpoint: emulator.url, fetch })
    await low.invalidateToken('t', 'c', 's')
    vi.stubGlobal('location', new URL('https://app.test/'))
    try {
      await low.invalidateToken('t', 'c', 's')
      await expect(low.invalidateToken('t', 'c', 's')).rejects.toMatchObject({ status: 400 })
    } finally {
      vi.unstubAllGlobals()
    }
    expect(seen).toEqual([
      ['/ims/invalidate_token/v2', 'c'],
      ['/ims/revoke', null],
      ['/ims/revoke', null],
    ])
  })

  it('invalidateToken without anyone to ask as sends nothing', async () => {
    await expect(ims.invalidateToken('opaque')).resolves.toBe(true)
    expect(sent).toEqual([])
  })

  it('revokeToken: client proof in the body, unknown tokens are no error (S45)', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const token = await machineToken()
    sent = []
    await ims.revokeToken(token, { clientId: client_id, clientSecret: client_secrets[0] })
    expect(sent[0]).toEqual({
      method: 'POST',
      path: '/ims/revoke',
      authorization: undefined,
      params: { token, client_id, client_secret: client_secrets[0] },
    })
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: false })
    await ims.revokeToken('never seen', { clientId: emulator.contexts.oauth_public.client_id })
    expect(sent.at(-1)?.params).not.toHaveProperty('client_secret')
  })

  it('revokeToken tells when IMS cannot (S45)', async () => {
    const release = emulator.fault({ path: '/ims/revoke', status: 400, body: { error: 'unsupported_token_type' } })
    const work = ims.revokeToken('t', { clientId: 'c' })
    await expect(work).rejects.toMatchObject({ code: 'HTTP_ERROR', imsError: 'unsupported_token_type' })
    release()
  })
})

describe('validation', () => {
  it('validateToken: the token as a bearer, type and client from it', async () => {
    const token = await machineToken()
    sent = []
    const { client_id } = emulator.contexts.oauth_server_to_server
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: true, token: { client_id } })
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/ims/validate_token/v1',
        authorization: `Bearer ${token}`,
        params: { type: 'access_token', client_id },
      },
    ])
  })

  it('validateToken as another client, and for another type', async () => {
    const token = await machineToken()
    const other = emulator.contexts.oauth_public.client_id
    await expect(ims.validateToken(token, other)).resolves.toEqual({ valid: false, reason: 'bad_client_id' })
    const { refresh_token } = await userTokens()
    sent = []
    await expect(ims.validateToken(refresh_token?.token ?? '')).resolves.toMatchObject({ valid: true })
    expect(sent[0]?.params.type).toBe('refresh_token')
  })

  it('validateToken gives the reason of IMS, or its own without asking', async () => {
    const forged = unsignedToken({ type: 'access_token', client_id: emulator.contexts.oauth_public.client_id })
    await expect(ims.validateToken(forged)).resolves.toEqual({ valid: false, reason: 'bad_signature' })
    sent = []
    for (const nonsense of ['nonsense', '', 'a.b.c', 'two words', undefined as unknown as string]) {
      await expect(ims.validateToken(nonsense)).resolves.toEqual({ valid: false, reason: 'bad payload' })
    }
    await expect(ims.validateToken('two words', 'c')).resolves.toEqual({ valid: false, reason: 'bad payload' })
    expect(sent).toEqual([])
  })

  it('an answer without a verdict is an error, not a verdict', async () => {
    const token = await machineToken()
    for (const body of ['<html>', '', '{}', '{"valid":"true"}', '[]', 'null']) {
      emulator.fault({ path: '/ims/validate_token', status: 200, body })
      await expect(ims.validateToken(token)).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    }
    emulator.fault({ path: '/ims/validate_token', status: 503 })
    await expect(ims.validateToken(token)).rejects.toMatchObject({ code: 'IMS_UNAVAILABLE' })
  })

  it('validateTokenAllowList: no list, no check; an empty one refuses all', async () => {
    const token = await machineToken()
    const { client_id } = emulator.contexts.oauth_server_to_server
    const refused = {
      valid: false,
      reason:
        'Token is not valid, reason: IMS client is not authorized to call this endpoint. Please use a JWT from an IMS client on the allow list.',
    }
    await expect(ims.validateTokenAllowList(token)).resolves.toMatchObject({ valid: true })
    await expect(ims.validateTokenAllowList(token, ['x', client_id])).resolves.toMatchObject({ valid: true })
    await expect(ims.validateTokenAllowList(token, [client_id.slice(1), `${client_id}x`])).resolves.toEqual(refused)
    await expect(ims.validateTokenAllowList(token, [])).resolves.toEqual(refused)
    const forged = unsignedToken({ type: 'access_token', client_id })
    await expect(ims.validateTokenAllowList(forged, [client_id])).resolves.toEqual({
      valid: false,
      reason: 'bad_signature',
    })
    await expect(ims.validateTokenAllowList('nonsense', [''])).resolves.toMatchObject({ valid: false })
  })
})

describe('results', () => {
  it('toTokenResult reads the expiry of ours and of standard tokens', async () => {
    const ours = unsignedToken({ created_at: '1700000000000', expires_in: '86400000' })
    await expect(ims.toTokenResult(ours)).resolves.toMatchObject({
      access_token: { token: ours, expiry: 1_700_086_400_000 },
    })
    const standard = unsignedToken({ iat: 1_700_000_000, exp: 1_700_003_600 })
    await expect(ims.toTokenResult(standard)).resolves.toMatchObject({ access_token: { expiry: 1_700_003_600_000 } })
    for (const endless of [unsignedToken({}), unsignedToken({ created_at: 'x', expires_in: 'y' }), 'nonsense']) {
      await expect(ims.toTokenResult(endless)).rejects.toMatchObject({ code: 'BAD_TOKEN' })
    }
  })

  it('show no token when they are printed, and have it all the same', async () => {
    const result = await userTokens()
    const { token } = result.access_token
    const shown = inspect(result, { depth: 9, showHidden: true })
    for (const secret of [token, result.refresh_token?.token ?? '?', String(result.payload.id_token)]) {
      expect(shown).not.toContain(secret)
    }
    expect(shown).toContain('[redacted]')
    expect(JSON.parse(JSON.stringify(result)).access_token.token).toBe(token)
  })

  it('an instance shows no secret either', async () => {
    await machineToken()
    expect(inspect(ims, { depth: 9, showHidden: true })).not.toContain('emulator-first-secret')
  })
})

describe('as a class', () => {
  const methods = [
    'getApiUrl',
    'getSusiUrl',
    'get',
    'post',
    'getAccessToken',
    'getAccessTokenByClientCredentials',
    'exchangeJwtToken',
    'invalidateToken',
    'validateTokenAllowList',
    'validateToken',
    '_validateToken',
    'getOrganizations',
    'toTokenResult',
  ] as const

  it('has its methods on the prototype, writable, and none on the instance', () => {
    for (const name of methods) {
      expect(Object.getOwnPropertyDescriptor(Ims.prototype, name)).toMatchObject({ writable: true, configurable: true })
    }
    const own = Object.values(Object.getOwnPropertyDescriptors(ims)).filter(({ value }) => typeof value === 'function')
    expect(own).toEqual([])
    expect(Object.keys(ims)).toEqual(expect.arrayContaining(['env', 'endpoint']))
  })

  it('a stub on the prototype works on instances that exist already', async () => {
    vi.spyOn(Ims.prototype, 'getOrganizations').mockResolvedValue(['stubbed'])
    await expect(ims.getOrganizations('t')).resolves.toEqual(['stubbed'])
    vi.restoreAllMocks()
    vi.spyOn(Ims.prototype, '_validateToken').mockResolvedValue({ status: 200, imsValidation: { valid: true } })
    await expect(ims.validateToken('t')).resolves.toEqual({ valid: true })
    await expect(ims.validateTokenAllowList('t')).resolves.toEqual({ valid: true })
    vi.restoreAllMocks()
    vi.spyOn(Ims.prototype, 'get').mockResolvedValue('through get')
    await expect(ims.getOrganizations('t')).resolves.toBe('through get')
    await expect(ims.getKeys()).resolves.toBe('through get')
    vi.restoreAllMocks()
    expect(sent).toEqual([])
  })

  it('every method asks at what getApiUrl of a subclass says', async () => {
    const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
    const asked: string[] = []
    class Proxied extends Ims {
      override getApiUrl(api: string) {
        asked.push(api)
        return `${emulator.url}${api}`
      }
    }
    const fetch: Fetch = (url, init) => emulator.fetch(url, init)
    const proxied = new Proxied({ env: 'stage', fetch, retry: { retries: 0 } })
    const credential = [client_id, client_secrets[0] ?? '', ims_org_id, ['openid']] as const
    const { access_token } = await proxied.getAccessTokenByClientCredentials(...credential)
    const { token } = access_token
    await expect(proxied.validateToken(token)).resolves.toMatchObject({ valid: true })
    await expect(proxied.verifyToken(token)).resolves.toMatchObject({ client_id })
    await failureOf(proxied.exchangeJwtToken('c', 's', 'j'))
    await failureOf(proxied.getPromiseToken({ ...promise(client_id, token) }))
    await proxied.invalidateToken(token, client_id)
    expect(proxied.getSusiUrl('c')).toContain(emulator.url)
    expect(proxied.getLogoutUrl({ clientId: 'c' })).toContain(emulator.url)
    expect(new Set(asked)).toEqual(
      new Set([
        '/ims/token/v2',
        '/ims/validate_token/v1',
        '/ims/keys',
        '/ims/exchange/jwt',
        '/ims/token/v4',
        '/ims/revoke',
        '/ims/invalidate_token/v2',
        '/ims/authorize/v1',
        '/ims/logout/v1',
      ]),
    )
  })

  const promise = (clientId: string, authenticatingToken: string) => {
    return { clientId, clientSecret: 's', promiseDefinitionId: 'd', authenticatingToken }
  }

  it('uses an endpoint that is set later, as it is checked in options', async () => {
    const later = new Ims({ env: 'prod', fetch: emulator.fetch, retry: { retries: 0 } })
    later.endpoint = `${emulator.url}/`
    expect(later.getApiUrl('/x')).toBe(`${emulator.url}/x`)
    await expect(later.getKeys()).resolves.toHaveProperty('keys')
    const token = await machineToken()
    await expect(later.verifyToken(token)).resolves.toBeDefined()
    for (const wrong of ['http://ims.test', 'nonsense', 'https://user@ims.test']) {
      later.endpoint = wrong
      expect(await failureOf(later.getKeys())).toMatchObject({ code: 'BAD_OPTION' })
      expect(await failureOf(later.verifyToken(token))).toMatchObject({ code: 'BAD_OPTION' })
    }
  })

  it('sends nothing in the clear, wherever getApiUrl leads', async () => {
    const fetch = vi.fn<Fetch>()
    for (const url of ['http://ims.test/ims/keys', 'nonsense', undefined]) {
      const leading = new Ims({ fetch })
      leading.getApiUrl = () => url as string
      expect(await failureOf(leading.getKeys())).toMatchObject({ code: 'BAD_OPTION' })
      expect(await failureOf(leading.refreshToken({ clientId: 'c', refreshToken: 'r' }))).toMatchObject({
        code: 'BAD_OPTION',
      })
    }
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('text that cannot be a token', () => {
  it.each(['garbage', 'a.b.c', '', undefined, null, 5, {}, 'with blank', `${'x'.repeat(40)}.${'y'.repeat(40)}.z`])(
    '%s is invalid without a request, whoever asks',
    async (token) => {
      const invalid = { valid: false, reason: 'bad payload' }
      for (const clientId of [undefined, 'c']) {
        await expect(ims.validateToken(token as string, clientId)).resolves.toEqual(invalid)
      }
      await expect(ims.validateTokenAllowList(token as string, ['c'])).resolves.toEqual(invalid)
      expect(sent).toEqual([])
    },
  )
})

describe('a refusal of validate_token', () => {
  const token = unsignedToken({ type: 'access_token', client_id: 'c' })
  const refusing = (status: number, body: unknown) =>
    imsWith({ fetch: async () => Response.json(body, { status }), cache: new ValidationCache() })

  it.each([
    [400, 'invalid_token'],
    [401, 'invalid_token'],
    [401, 'unauthorized'],
    [403, 'token_expired'],
  ])('about the token is a verdict: %s %s', async (status, error) => {
    const using = refusing(status, { error })
    for (const _ of ['asked', 'cached'])
      await expect(using.validateToken(token)).resolves.toEqual({ valid: false, reason: error })
    await expect(using.validateTokenAllowList(token, ['c'])).resolves.toEqual({ valid: false, reason: error })
  })

  it.each([
    [400, { error: 'bad_request' }],
    [401, { error: 'invalid_client' }],
    [401, 'a page of a proxy'],
    [403, { error: 'forbidden' }],
  ])('about something else is an error: %s %s', async (status, body) => {
    expect(await failureOf(refusing(status, body).validateToken(token))).toMatchObject({ code: 'HTTP_ERROR', status })
  })
})

describe('the parameters of get and post', () => {
  const recording = () => {
    const bodies: [string, string][] = []
    const fetch: Fetch = async (url, init) => {
      const request = new Request(url, { method: init.method ?? 'GET', body: init.body ?? null })
      bodies.push([
        (request.headers.get('content-type') ?? '').replace(/boundary=.*/, 'boundary'),
        await request.text(),
      ])
      return Response.json({ asked: new URL(url).search })
    }
    return { bodies, using: imsWith({ fetch }) }
  }

  it('may be a Map or URLSearchParams', async () => {
    const { using, bodies } = recording()
    for (const parameters of [{ a: 1, b: undefined }, new Map([['a', 1]]), new URLSearchParams('a=1')]) {
      await expect(using.get('/ims/x', undefined, parameters)).resolves.toEqual({ asked: '?a=1' })
      await using.post('/ims/x', undefined, parameters)
      expect(bodies.at(-1)).toEqual(['application/x-www-form-urlencoded;charset=UTF-8', 'a=1'])
    }
  })

  it('may be a FormData, of the platform or of the package form-data', async () => {
    const { using, bodies } = recording()
    const own = new FormData()
    const npm = new NpmFormData()
    for (const one of [own, npm]) one.append('a', 'ä')
    npm.append('file', Readable.from(['of ', 'a stream']), { filename: 'x.txt', contentType: 'text/plain' })
    for (const one of [own, npm]) {
      await using.post('/ims/x', undefined, one)
      const [type, body = ''] = bodies.at(-1) ?? []
      expect(type).toBe('multipart/form-data; boundary')
      expect(body).toMatch(/name="a"\r\n(?:.*\r\n)?\r\nä\r\n/)
    }
    expect(bodies.at(-1)?.[1]).toContain('of a stream')
  })

  it('that cannot be read are refused', async () => {
    const { using, bodies } = recording()
    const npm = new NpmFormData()
    npm.append(
      'file',
      new Readable({
        read() {
          this.destroy(new Error('gone'))
        },
      }),
      { filename: 'x', knownLength: 3 },
    )
    expect(await failureOf(using.post('/ims/x', undefined, npm))).toMatchObject({ code: 'BAD_OPTION' })
    expect(bodies).toEqual([])
  })
})

describe('a signal', () => {
  const aborted = () => AbortSignal.abort(new Error('enough'))
  const code = unsignedToken({ type: 'authorization_code' })
  const token = unsignedToken({ type: 'access_token', client_id: 'c' })
  const client = { clientId: 'c', clientSecret: 's' }

  it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ['get', (signal) => ims.get('/ims/x', 't', {}, signal)],
    ['post', (signal) => ims.post('/ims/x', 't', {}, signal)],
    ['getAccessToken', (signal) => ims.getAccessToken(code, 'c', 's', '', signal)],
    ['client credentials', (signal) => ims.getAccessTokenByClientCredentials('c', 's', '', [], signal)],
    ['exchangeJwtToken', (signal) => ims.exchangeJwtToken('c', 's', 'j', signal)],
    ['exchangeAuthorizationCode', (signal) => ims.exchangeAuthorizationCode({ ...client, code: 'x', signal })],
    ['refreshToken', (signal) => ims.refreshToken({ ...client, refreshToken: 'x', signal })],
    ['exchangeToken', (signal) => ims.exchangeToken({ ...client, token: 'x', orgId: 'o', signal })],
    [
      'getPromiseToken',
      (signal) => ims.getPromiseToken({ ...client, promiseDefinitionId: 'd', authenticatingToken: 'x', signal }),
    ],
    ['exchangePromiseToken', (signal) => ims.exchangePromiseToken({ ...client, promiseToken: 'x', signal })],
    ['invalidateToken', (signal) => ims.invalidateToken(token, 'c', 's', 'access_token', signal)],
    ['revokeToken', (signal) => ims.revokeToken(token, client, signal)],
    ['validateToken', (signal) => ims.validateToken(token, 'c', signal)],
    ['validateTokenAllowList', (signal) => ims.validateTokenAllowList(token, ['c'], signal)],
    ['verifyToken', (signal) => ims.verifyToken(token, { signal })],
    ['getOrganizations', (signal) => ims.getOrganizations('t', signal)],
    ['getProfile', (signal) => ims.getProfile('t', {}, signal)],
    ['getUserInfo', (signal) => ims.getUserInfo('t', signal)],
    ['getKeys', (signal) => ims.getKeys(signal)],
    ['getOpenIdConfiguration', (signal) => ims.getOpenIdConfiguration(signal)],
  ])('ends %s with its own reason', async (_, act) => {
    expect(await failureOf(act(aborted()))).toMatchObject({ message: 'enough' })
    expect(await failureOf(act(5 as never))).toMatchObject({ code: 'BAD_OPTION' })
  })

  it('ends one caller of a validation that others wait for', async () => {
    const valid = await machineToken()
    const cached = imsWith({ cache: new ValidationCache() })
    const control = new AbortController()
    const leaving = cached.validateToken(valid, undefined, control.signal)
    const staying = cached.validateToken(valid)
    control.abort(new Error('enough'))
    expect(await failureOf(leaving)).toMatchObject({ message: 'enough' })
    await expect(staying).resolves.toMatchObject({ valid: true })
  })
})

describe('fromToken', () => {
  it.each([
    ['ims-na1', 'prod', 'https://ims-na1.adobelogin.com'],
    ['ims-na1-stg1', 'stage', 'https://ims-na1-stg1.adobelogin.com'],
  ])('%s is %s', async (as, env, endpoint) => {
    const token = unsignedToken({ as })
    const found = await Ims.fromToken(token)
    expect(found.token).toBe(token)
    expect(found.ims).toBeInstanceOf(Ims)
    expect(found.ims).toMatchObject({ env, endpoint })
  })

  it('knows Adobe’s other servers', async () => {
    const { ims: found } = await Ims.fromToken(unsignedToken({ as: 'ims-eu1' }))
    expect(found.endpoint).toBe('https://ims-eu1.adobelogin.com')
  })

  it.each([
    'evil.test/#',
    'ims-na1.evil',
    'evil.test/ims-na1',
    'evil.test#ims-na1',
    'evil.ims-na1',
    'ims-na1.evil.test/',
    'evil.test\\',
    'ims-na1@evil.test/',
    'ims-na1:80@evil.test',
    'ims-na1/../../',
    'ims-na1\n',
    'IMS-NA1',
    'ims-na11',
    '',
    5,
    null,
    undefined,
    ['ims-na1'],
    { toString: 'ims-na1' },
  ])('%j names no IMS', async (as) => {
    await expect(Ims.fromToken(unsignedToken({ as }))).rejects.toMatchObject({ code: 'CANNOT_RESOLVE_ENVIRONMENT' })
  })

  it('refuses what is no token', async () => {
    for (const nonsense of ['', 'opaque', undefined as unknown as string]) {
      await expect(Ims.fromToken(nonsense)).rejects.toMatchObject({ code: 'BAD_TOKEN' })
    }
  })
})

describe('getTokenData (S85)', () => {
  it('reads the claims as they are', () => {
    const claims = { type: 'access_token', created_at: '5', expires_in: '6', scope: 'a,b', ü: '☃' }
    expect(getTokenData(unsignedToken(claims))).toEqual(claims)
  })

  const part = (text: string) => Buffer.from(text).toString('base64url')
  it.each([
    undefined,
    null,
    5,
    {},
    '',
    'opaque',
    'a.b',
    'a.b.c',
    'a.b.c.d.e',
    '..',
    `${part('{}')}.${part('null')}.x`,
    `${part('{}')}.${part('[]')}.x`,
    `${part('{}')}.${part('"text"')}.x`,
    `${part('{}')}.${part('{"cut":')}.x`,
    `${part('{}')}.***.x`,
  ])('%j is BAD_TOKEN and says so', (token) => {
    expect(() => getTokenData(token as string)).toThrow(
      expect.objectContaining({ name: 'TokenError', code: 'BAD_TOKEN', message: expect.stringContaining('token') }),
    )
  })

  it('quotes nothing of the token', () => {
    try {
      getTokenData('opaque-canary')
    } catch (error) {
      expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain('canary')
    }
  })
})

it('nothing secret was in any URL (S29)', () => {
  expect(urls.length).toBeGreaterThan(20)
  for (const url of urls)
    expect([...new URL(url).searchParams.keys()].filter((name) => name !== 'client_id')).toEqual([])
})

it('nothing is logged, whatever DEBUG says', async () => {
  const written: unknown[] = []
  const { write: out } = process.stdout
  const { write: err } = process.stderr
  const { DEBUG } = process.env
  process.env.DEBUG = '*'
  process.stdout.write = process.stderr.write = ((text: unknown) => written.push(text) > 0) as typeof out
  try {
    await ims.validateToken(await machineToken())
    await failureOf(ims.refreshToken({ clientId: 'c', refreshToken: 'r' }))
  } finally {
    process.stdout.write = out
    process.stderr.write = err
    if (DEBUG === undefined) delete process.env.DEBUG
    else process.env.DEBUG = DEBUG
  }
  expect(written).toEqual([])
})
