import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  clusterExchange,
  createClient,
  jwtBearer,
  onBehalfOf,
  refreshToken,
  serviceToken,
} from '../../src/core/index.ts'
import { fakeClock } from '../../src/testing/index.ts'
import { api, clock, emulator, jwtOptions, on, sent, service, usePlatform, userClient } from './emulated-flows.ts'
import { day, follow, platformOn, redirectUri, rejection, serverFlow, storedTokens } from './setting.ts'

describe('what is sent', () => {
  test('clientCredentials: POST /ims/token/v3', async () => {
    await createClient({ flow: serverFlow(emulator), ...on }).getToken()
    const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
    expect(sent().url.href).toBe(`${emulator.url}/ims/token/v3`)
    expect(sent().form).toEqual({
      grant_type: 'client_credentials',
      client_id,
      client_secret: client_secrets[0],
      scope: 'openid,AdobeID,read_organizations',
      org_id: ims_org_id,
    })
  })

  test('refresh: POST /ims/token/v3, a public client without a secret (S31)', async () => {
    const client = userClient()
    await client.login()
    const held = (await storedTokens(on.store))?.refreshToken
    await client.getToken({ force: true })
    expect(sent(1).form).toEqual({
      grant_type: 'refresh_token',
      client_id: emulator.contexts.oauth_public.client_id,
      refresh_token: held,
    })
  })

  test('refreshToken with scopes asks for no more than these', async () => {
    const flow = refreshToken({ clientId: 'c', clientSecret: 's', refreshToken: 'r', scopes: 'openid,AdobeID' })
    await rejection(createClient({ flow, ...on }).getToken())
    expect(sent().form).toMatchObject({ scope: 'openid AdobeID', client_secret: 's', refresh_token: 'r' })
  })

  test('serviceToken: POST /ims/token/v2', async () => {
    const { accessToken: token } = await createClient({ flow: serviceToken(service), ...on }).getTokens()
    expect(decodeJwt(token)).toMatchObject({ client_id: 'service' })
    expect(sent().url.pathname).toBe('/ims/token/v2')
    expect(sent().form).toEqual({
      grant_type: 'authorization_code',
      client_id: 'service',
      client_secret: 'service-secret',
      code: 'permanent-code',
    })
  })

  test('clusterExchange: POST /ims/token/v3 with the client id in the query, to another organization', async () => {
    const user = userClient()
    const userToken = await user.login()
    const { client_id } = emulator.contexts.oauth_public
    const flow = clusterExchange({
      clientId: client_id,
      userToken: () => user.getToken(),
      user: 'u',
      orgId: 'TWO@AdobeOrg',
    })
    const token = await createClient({ flow, ...on }).getToken()
    expect(decodeJwt(token)).toMatchObject({ org: 'TWO@AdobeOrg' })
    expect(sent(1).url.pathname + sent(1).url.search).toBe(`/ims/token/v3?client_id=${client_id}`)
    expect(sent(1).form).toMatchObject({
      grant_type: 'cluster_at_exchange',
      user_token: userToken,
      owning_org_id: 'TWO@AdobeOrg',
    })
  })

  test('jwtBearer: POST /ims/exchange/jwt with an RS256 assertion of five minutes (S83)', async () => {
    await createClient({ flow: jwtBearer(jwtOptions()), ...on }).getToken()
    const { clientId, clientSecret, orgId, technicalAccountId } = jwtOptions()
    expect(sent().url.href).toBe(`${emulator.url}/ims/exchange/jwt`)
    const { jwt_token = '', ...rest } = sent().form
    expect(rest).toEqual({ client_id: clientId, client_secret: clientSecret })
    expect(decodeProtectedHeader(jwt_token)).toEqual({ alg: 'RS256', typ: 'JWT' })
    expect(decodeJwt(jwt_token)).toEqual({
      iss: orgId,
      sub: technicalAccountId,
      aud: `${emulator.url}/c/${clientId}`,
      iat: clock.now() / 1000,
      exp: clock.now() / 1000 + 300,
      [`${emulator.url}/s/ent_adobeio_sdk`]: true,
    })
  })

  test('metascopes may be full URLs', async () => {
    const metaScopes = `${emulator.url}/s/ent_user_sdk, ent_adobeio_sdk`
    await createClient({ flow: jwtBearer({ ...jwtOptions(), metaScopes }), ...on }).getToken()
    const claims = decodeJwt(sent().form.jwt_token ?? '')
    const scopes = Object.keys(claims).filter((name) => name.includes('/s/'))
    expect(scopes.sort()).toEqual([`${emulator.url}/s/ent_adobeio_sdk`, `${emulator.url}/s/ent_user_sdk`])
  })

  test('always as a form, uncached, without cookies, following no redirect, without a secret in the URL (S29, S34)', async () => {
    const user = userClient()
    await user.login()
    await user.getToken({ force: true })
    await user.invalidate()
    for (const flow of [serverFlow(emulator), jwtBearer(jwtOptions()), serviceToken(service)])
      await createClient({ flow, ...on }).getToken()
    expect(on.fetch.sent).toHaveLength(7)
    for (const { url, init } of on.fetch.sent) {
      const headers = new Headers(init.headers)
      expect(init).toMatchObject({ method: 'POST', cache: 'no-store', credentials: 'omit', redirect: 'manual' })
      expect(init.body).toBeInstanceOf(URLSearchParams)
      expect(new URL(url).search).toBe('')
      // what a page may send without asking first: any other header costs a preflight that IMS does not answer
      for (const name of headers.keys()) expect(['accept', 'content-type']).toContain(name)
      expect(headers.get('content-type') ?? 'application/x-www-form-urlencoded').toMatch(/^application\/x-www-form-url/)
    }
  })
})

describe('two secrets', () => {
  const withSecrets = (...clientSecret: string[]) => {
    const { client_id, scopes, ims_org_id } = emulator.contexts.oauth_server_to_server
    return clientCredentials({ clientId: client_id, clientSecret, scopes, orgId: ims_org_id })
  }
  const secretsSent = () => on.fetch.sent.map((_, index) => sent(index).form.client_secret)

  test('the next is tried where IMS rejects one, and the one that worked is remembered (S49)', async () => {
    const client = createClient({ flow: withSecrets('revoked', 'emulator-second-secret'), ...on })
    await client.getToken()
    await client.getToken({ force: true })
    await client.invalidate()
    const good = 'emulator-second-secret'
    expect(secretsSent()).toEqual(['revoked', good, good, good])
  })

  test('each at most once a call (S49)', async () => {
    const client = createClient({ flow: withSecrets('a', 'b', 'c'), ...on })
    expect(await rejection(client.getToken())).toMatchObject({ imsError: 'invalid_client', status: 400 })
    expect(secretsSent().sort()).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['invalid_scope', 400],
    ['unauthorized_client', 400],
    ['server_error', 500],
  ])('not after %s', async (error, status) => {
    const undo = emulator.fault({ path: '/ims/token', status, body: { error } })
    const client = createClient({ flow: withSecrets('emulator-first-secret', 'emulator-second-secret'), ...on })
    await rejection(client.getToken())
    expect(secretsSent()).toEqual(['emulator-first-secret'])
    undo()
  })
})

describe('the JWT exchange', () => {
  test('answers expires_in in milliseconds (S37)', async () => {
    const { expiresAt: expiry } = await createClient({ flow: jwtBearer(jwtOptions()), ...on }).getTokens()
    expect(Math.abs(expiry - clock.now() - day)).toBeLessThan(1_000)
  })

  test.each([day, -day])(
    'with a clock that is wrong by %s ms: the server’s time is used from the second try on',
    async (off) => {
      usePlatform(platformOn(emulator, fakeClock(clock.now() + off)))
      const client = createClient({ flow: jwtBearer(jwtOptions()), ...on })
      const { expiresAt: expiry } = await client.getTokens()
      expect(Math.abs(expiry - on.clock.now() - day)).toBeLessThan(1_000)
      expect(on.fetch.sent.length).toBeLessThanOrEqual(2)
      const tries = on.fetch.sent.length
      await client.getToken({ force: true })
      expect(on.fetch.sent).toHaveLength(tries + 1)
    },
  )

  test('a refusal that has nothing to do with the clock is not tried again', async () => {
    const client = createClient({ flow: jwtBearer({ ...jwtOptions(), clientSecret: 'wrong' }), ...on })
    expect(await rejection(client.getToken())).toMatchObject({ name: 'ImsResponseError' })
    expect(on.fetch.sent).toHaveLength(1)
  })
})

describe('the answer (RFC 6749, section 5.1)', () => {
  const answered = (body: unknown) =>
    createClient({ flow: serverFlow(emulator), ...on, fetch: async () => Response.json(body) }).getToken()

  test.each(['bearer', 'Bearer', 'BEARER', undefined, null])('token_type %s is a bearer token', async (token_type) => {
    expect(await answered({ access_token: 'opaque', token_type, expires_in: 60 })).toBe('opaque')
  })
  test.each(['mac', 'dpop', '', 7])('token_type %j is not used (S35)', async (token_type) => {
    expect(await rejection(answered({ access_token: 'opaque', token_type, expires_in: 60 }))).toMatchObject({
      code: 'IMS_MALFORMED',
    })
  })
  test.each([undefined, null, '', 7, {}, ['x']])('access_token %j is not a token (S36)', async (access_token) => {
    expect(await rejection(answered({ access_token, token_type: 'bearer', expires_in: 60 }))).toMatchObject({
      code: 'IMS_MALFORMED',
    })
    expect(await on.store.keys('')).toEqual([])
  })
  test.each([[[]], ['text'], [null], [7]])('%j is not an answer', async (body) => {
    expect(await rejection(answered(body))).toMatchObject({ code: 'IMS_MALFORMED' })
  })
  test('unknown members are ignored', async () => {
    const more = { sub: 'x', foo: { bar: 1 }, __proto__: null }
    expect(await answered({ access_token: 'opaque', token_type: 'bearer', expires_in: 60, ...more })).toBe('opaque')
  })
})

describe('a credential that is wrong is named before anything is sent', () => {
  const secret = 'canary-secret'
  const cases: [string, () => unknown, string][] = [
    ['clientCredentials', () => clientCredentials({ clientSecret: secret, scopes: [] } as never), 'clientId'],
    ['clientCredentials', () => clientCredentials({ clientId: 'c', clientSecret: '', scopes: [] }), 'clientSecret'],
    ['clientCredentials', () => clientCredentials({ clientId: 'c', clientSecret: [], scopes: [] }), 'clientSecret'],
    [
      'clientCredentials',
      () => clientCredentials({ clientId: 'c', clientSecret: [secret, 7], scopes: [] } as never),
      'clientSecret',
    ],
    [
      'clientCredentials',
      () => clientCredentials({ clientId: 'c', clientSecret: secret, scopes: 7 } as never),
      'scopes',
    ],
    [
      'clientCredentials',
      () => clientCredentials({ clientId: 'c', clientSecret: secret, scopes: [], orgId: '' }),
      'orgId',
    ],
    ['jwtBearer', () => jwtBearer({ ...jwtOptions(), technicalAccountId: '' }), 'technicalAccountId'],
    ['jwtBearer', () => jwtBearer({ ...jwtOptions(), metaScopes: '' }), 'metaScopes'],
    ['jwtBearer', () => jwtBearer({ ...jwtOptions(), privateKey: '' }), 'privateKey'],
    ['authorizationCode', () => authorizationCode({ clientId: 7, scopes: [] } as never), 'clientId'],
    ['authorizationCode', () => authorizationCode({ clientId: 'c', clientSecret: '', scopes: [] }), 'clientSecret'],
    ['refreshToken', () => refreshToken({ clientId: 'c', refreshToken: '' }), 'refreshToken'],
    ['serviceToken', () => serviceToken({ clientId: 'c', clientSecret: secret, code: '' }), 'code'],
    ['onBehalfOf', () => onBehalfOf({ clientId: 'c', userToken: secret, scopes: 'openid' } as never), 'clientSecret'],
    ['onBehalfOf', () => onBehalfOf({ ...api, userToken: async () => secret, scopes: 'o' } as never), 'userToken'],
    ['onBehalfOf', () => onBehalfOf({ ...api, userToken: secret, scopes: [] }), 'scopes'],
    ['onBehalfOf', () => onBehalfOf({ ...api, userToken: secret, scopes: 'o', resource: 'api' }), 'resource'],
    [
      'onBehalfOf',
      () => onBehalfOf({ ...api, userToken: secret, scopes: 'o', resource: ['a:b', 'a:b#c'] }),
      'resource',
    ],
    ['clusterExchange', () => clusterExchange({ clientId: 'c', userToken: secret }), 'orgId'],
    ['clusterExchange', () => clusterExchange({ clientId: 'c', userToken: secret, orgId: 'o', userId: 'u' }), 'orgId'],
    ['clusterExchange', () => clusterExchange({ clientId: 'c', userToken: async () => secret, orgId: 'o' }), 'user'],
  ]
  test.each(cases)('%s (%#)', (name, make, missing) => {
    expect(make).toThrow(expect.objectContaining({ name: 'ConfigurationError', code: 'BAD_OPTION' }))
    expect(make).toThrow(expect.objectContaining({ message: expect.stringContaining(missing) }))
    expect(make).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(name === 'clientCredentials' && missing === 'scopes' ? 'scopes' : name),
      }),
    )
    expect(make).not.toThrow(secret)
  })

  test('the caller’s arrays are left as they are', async () => {
    const scopes = Object.freeze(['b', 'a']) as string[]
    const clientSecret = Object.freeze(['wrong', 'too']) as string[]
    await rejection(
      createClient({ flow: clientCredentials({ clientId: 'c', clientSecret, scopes }), ...on }).getToken(),
    )
    expect([scopes, clientSecret]).toEqual([
      ['b', 'a'],
      ['wrong', 'too'],
    ])
  })
})

test('a login whose scopes lack offline_access gets no refresh token, and one that has it gets one', async () => {
  for (const [scopes, expected] of [
    [['AdobeID'], undefined],
    [['AdobeID', 'offline_access'], expect.any(String)],
  ] as const) {
    const { client_id } = emulator.contexts.oauth_public
    const client = createClient({ flow: authorizationCode({ clientId: client_id, scopes, redirectUri }), ...on })
    await client.finishLogin(await follow(emulator, await client.startLogin()))
    expect((await storedTokens(on.store))?.refreshToken).toEqual(expected)
    await client.forget()
  }
})
