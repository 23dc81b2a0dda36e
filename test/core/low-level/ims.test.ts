import { describe, expect, it, vi } from 'vitest'
import {
  ACCESS_TOKEN,
  AUTHORIZATION_CODE,
  CLIENT_CREDENTIALS,
  CLIENT_ID,
  CLIENT_SECRET,
  type Fetch,
  Ims,
  REFRESH_TOKEN,
  SCOPE,
  ValidationCache,
} from '../../../src/core/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'
import { emulator, ims, imsWith, machineToken, sent, userTokens } from './ims-on-emulator.ts'

it('the constants are those of @adobe/aio-lib-ims', () => {
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

describe('about the owner of a token', () => {
  it.each([
    ['getProfile', '/ims/profile/v1', { userId: expect.stringContaining('@') }],
    ['getUserInfo', '/ims/userinfo/v2', { sub: expect.stringContaining('@'), email_verified: true }],
    ['getOrganizations', '/ims/organizations/v6', [{ orgRef: { authSrc: 'AdobeOrg' } }, { orgType: 'Enterprise' }]],
  ] as const)('%s', async (method, path, shape) => {
    const { access_token } = await userTokens()
    sent.length = 0
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

describe('URLs for users', () => {
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

  it('every method sends its request to what getApiUrl of a subclass returns', async () => {
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

  it('rejects one caller of a validation that others wait for', async () => {
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
