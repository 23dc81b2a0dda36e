import { calculateJwkThumbprint } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Ims } from '../../src/core/index.ts'
import { systemClock } from '../../src/core/memory.ts'
import { createEmulator, type Emulator, type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { authorizeUrl, callback, createPerson, post, publicCode, signIn } from './person.ts'

let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const get = async (path: string, token?: string, headers: Record<string, string> = {}) => {
  const bearer: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(emulator.url + path, { headers: { ...bearer, ...headers } })
  return { status: response.status, body: await response.json(), headers: response.headers }
}
const userToken = async (scope = emulator.contexts.oauth_public.scope) => {
  const code = await publicCode(emulator, { scope })
  const { body } = await post(`${emulator.url}/ims/token/v3`, { grant_type: 'authorization_code', ...code })
  return body.access_token as string
}
const machineToken = async () => {
  const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
  const { body } = await post(`${emulator.url}/ims/token/v2`, {
    grant_type: 'client_credentials',
    client_id,
    client_secret: client_secrets[0] ?? '',
    org_id: ims_org_id,
    scope: 'openid',
  })
  return body.access_token as string
}

test('the keys are 2048-bit RSA, and a rotation adds one and keeps the others', async () => {
  const own = await startEmulator()
  const kids = async () => {
    const { keys } = await (await fetch(`${own.url}/ims/keys`)).json()
    for (const key of keys) {
      expect(key).toMatchObject({ alg: 'RS256', kty: 'RSA', use: 'sig', e: 'AQAB' })
      expect(Buffer.from(key.n, 'base64url')).toHaveLength(256)
      expect(key).not.toHaveProperty('d')
    }
    return keys.map(({ kid }: { kid: string }) => kid)
  }
  const before = await kids()
  expect(before).toHaveLength(2)
  await own.rotateKeys()
  const after = await kids()
  expect(after.slice(0, 2)).toEqual(before)
  expect(new Set(after).size).toBe(3)
  await own.close()
})

test('a key is named by its thumbprint, so that a restart is a rotation', async () => {
  const kidsOf = async (own: Pick<Emulator, 'url' | 'fetch'>) => {
    const { keys } = await (await own.fetch(`${own.url}/ims/keys`)).json()
    for (const key of keys) expect(key.kid).toBe(await calculateJwkThumbprint(key))
    return keys.map(({ kid }: { kid: string }) => kid)
  }
  const [first, second] = [await kidsOf(await createEmulator()), await kidsOf(await createEmulator())]
  expect(new Set([...first, ...second]).size).toBe(4)
})

test('a guard accepts the tokens of a restarted emulator after its cool-down for unknown keys', async () => {
  const issue = async (own: Emulator) => {
    const { client_id, client_secrets, scopes } = own.contexts.oauth_server_to_server
    const ims = new Ims({ endpoint: own.url, fetch: own.fetch })
    return (await ims.getAccessTokenByClientCredentials(client_id, client_secrets[0] ?? '', undefined, scopes))
      .access_token.token
  }
  let running = await createEmulator()
  const time = { now: Date.now() }
  const clock = { ...systemClock, now: () => time.now }
  const ims = new Ims({ endpoint: running.url, fetch: (url, init) => running.fetch(url, init), clock })
  await expect(ims.verifyToken(await issue(running))).resolves.toBeDefined()
  running = await createEmulator()
  const token = await issue(running)
  await expect(ims.verifyToken(token)).rejects.toMatchObject({ reason: 'key' })
  time.now += 30_000
  await expect(ims.verifyToken(token)).resolves.toBeDefined()
})

test('userinfo shows what the scopes allow, the old dialect with strings', async () => {
  const token = await userToken('openid,email,profile,address')
  const { body } = await get('/ims/userinfo/v2', token)
  expect(body).toEqual({
    sub: expect.stringMatching(/@AdobeID$/),
    account_type: 'ind',
    name: 'Sample User',
    given_name: 'Sample',
    family_name: 'User',
    email: 'user@example.com',
    email_verified: true,
    address: { country: 'US' },
  })
  expect((await get('/ims/userinfo', token)).body.email_verified).toBe('true')
  expect((await get('/ims/userinfo/v1', await userToken('openid'))).body).toEqual({ sub: body.sub })
  expect((await get('/ims/userinfo/v2', await userToken('AdobeID'))).status).toBe(403)
})

test('profile describes users and technical accounts', async () => {
  const { body } = await get('/ims/profile/v1', await userToken())
  expect(body).toMatchObject({ email: 'user@example.com', userId: expect.any(String), emailVerified: 'true' })
  expect(body).not.toHaveProperty('projectedProductContext')
  const projected = await get('/ims/profile/v3', await userToken('AdobeID,additional_info.projectedProductContext'))
  expect(projected.body.projectedProductContext[0].prodCtx.owningEntity).toMatch(/@AdobeOrg$/)
  expect(body).not.toHaveProperty('ownerOrg')
  const owned = await get('/ims/profile/v1', await userToken('AdobeID,additional_info.ownerOrg'))
  expect(owned.body.ownerOrg).toBe('0123456789ABCDEF01234567@AdobeOrg')
  expect((await get('/ims/profile', await machineToken())).body.userId).toMatch(/@techacct\.adobe\.com$/)
})

test('organizations needs read_organizations from users, not from machines', async () => {
  const { body } = await get('/ims/organizations/v6', await userToken())
  expect(body).toHaveLength(2)
  expect(body[0]).toMatchObject({
    orgName: 'Emulated Org',
    orgType: 'Enterprise',
    orgRef: { ident: '0123456789ABCDEF01234567', authSrc: 'AdobeOrg' },
    groups: [{ groupName: 'Administrators', role: 'GRP_ADMIN', ident: 123456789 }],
  })
  const refused = await get('/ims/organizations/v5', await userToken('openid'))
  expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  expect((await get('/ims/organizations', await machineToken())).body).toHaveLength(1)
})

test('account_cluster lists the profiles behind the login', async () => {
  const { body } = await get('/ims/account_cluster/v2?client_id=emulator-public', await userToken())
  expect(body.data).toHaveLength(3)
})

test.each(['/ims/userinfo/v2', '/ims/profile/v1', '/ims/organizations/v6', '/ims/account_cluster/v3'])(
  '%s refuses a missing or invalid token',
  async (path) => {
    for (const token of [undefined, 'garbage']) {
      const { status, body, headers } = await get(path, token)
      expect([status, body.error]).toEqual([401, 'invalid_token'])
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    }
  },
)

test('an access token works until it expires', async () => {
  const token = await userToken()
  emulator.setTime(Date.now() + 86_390_000)
  expect((await get('/ims/profile/v1', token)).status).toBe(200)
  emulator.setTime(Date.now() + 86_400_001)
  expect((await get('/ims/profile/v1', token)).status).toBe(401)
  emulator.setTime(undefined)
})

describe('the sample API', () => {
  test('wants a valid token and the key of its client', async () => {
    const token = await userToken()
    const key = { 'x-api-key': 'emulator-public' }
    const missing = await get('/api/echo', undefined, key)
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    const bad = await get('/api/echo', 'garbage', key)
    expect(bad).toMatchObject({ status: 401, body: { error_code: '401013' } })
    expect(bad.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await get('/api/echo', token)).toMatchObject({ status: 403, body: { error_code: '403003' } })
    const ok = await get('/api/echo', token, { ...key, 'x-gw-ims-org-id': 'O@AdobeOrg' })
    expect(ok.body).toMatchObject({ client_id: 'emulator-public', org_id: 'O@AdobeOrg', scopes: expect.any(Array) })
  })
})

describe('logout', () => {
  const silent = async (person: ReturnType<typeof createPerson>) => {
    const { client_id, scope } = emulator.contexts.oauth
    const request = { client_id, scope, redirect_uri: callback, prompt: 'none' }
    return (await person.visit(authorizeUrl(emulator, request))).url.searchParams.get('error')
  }
  const visitor = async () => {
    const { client_id, client_secret, scope } = emulator.contexts.oauth
    const person = createPerson(emulator)
    const back = await signIn(emulator, { client_id, scope, redirect_uri: callback }, { person })
    const { body } = await post(`${emulator.url}/ims/token/v3`, {
      grant_type: 'authorization_code',
      client_id,
      client_secret,
      code: back.searchParams.get('code') ?? '',
    })
    expect(await silent(person)).toBeNull()
    return { person, token: body.access_token as string }
  }
  const logoutUrl = (path: string, params: Record<string, string>) =>
    new URL(`${emulator.url}${path}?${new URLSearchParams(params)}`)

  test('ends the session and its tokens and goes back to a registered URI', async () => {
    const { person, token } = await visitor()
    const other = await visitor()
    const params = { client_id: 'emulator-web-app', redirect_uri: callback }
    const { url } = await person.visit(logoutUrl('/ims/logout/v1', params))
    expect(url.href).toBe(callback)
    expect(person.cookies.has('ims_sid')).toBe(false)
    expect(await silent(person)).toBe('login_required')
    expect((await get('/ims/profile/v1', token)).status).toBe(401)
    expect((await get('/ims/profile/v1', other.token)).status).toBe(200)
  })

  test('never redirects elsewhere', async () => {
    const { person } = await visitor()
    const params = { client_id: 'emulator-web-app', redirect_uri: 'https://evil.example.org/' }
    const { page } = await person.visit(logoutUrl('/ims/logout', params))
    expect(page).toContain('not registered')
    expect(await silent(person)).toBe('login_required')
  })

  test('with the access token alone it ends the session from behind', async () => {
    const { person, token } = await visitor()
    const params = { client_id: 'emulator-web-app', client_secret: 'emulator-web-app-secret', access_token: token }
    const { status, response } = await post(`${emulator.url}/ims/logout/v1`, params)
    expect([status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await silent(person)).toBe('login_required')
    expect((await post(`${emulator.url}/ims/logout/v1`, { ...params, client_secret: 'wrong' })).status).toBe(400)
  })

  test('takes only a POST with the access token, if the emulator was set up so', async () => {
    const own = await createEmulator({ logoutByUrl: false, autoLogin: 'user@example.com' })
    const { client_id, client_secret, scope } = own.contexts.oauth
    const query = new URLSearchParams({ client_id, scope, redirect_uri: callback, response_type: 'code' })
    const back = await own.fetch(`${own.url}/ims/authorize/v2?${query}`)
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const ask = (path: string, params: Record<string, string>) =>
      own.fetch(own.url + path, { method: 'POST', body: new URLSearchParams(params) })
    const grant = { grant_type: 'authorization_code', client_id, client_secret, code }
    const { access_token } = await (await ask('/ims/token/v3', grant)).json()
    const bearer = { headers: { authorization: `Bearer ${access_token}` } }
    const profile = async () => (await own.fetch(`${own.url}/ims/profile/v1`, bearer)).status
    const byUrl = { client_id, redirect_uri: callback, access_token }
    const refusals = [
      own.fetch(`${own.url}/ims/logout/v1?${new URLSearchParams(byUrl)}`),
      ask(`/ims/logout/v1?${new URLSearchParams(byUrl)}`, {}),
      ask('/ims/logout/v1', { client_id, redirect_uri: callback }),
    ]
    for (const refusal of await Promise.all(refusals)) expect(refusal.status).toBe(400)
    expect(await profile()).toBe(200)
    const { status, headers } = await ask('/ims/logout/v1', byUrl)
    expect([status, headers.get('location')]).toEqual([302, callback])
    expect(await profile()).toBe(401)
  })

  test('without a redirect it answers JSON or JSONP', async () => {
    const { person } = await visitor()
    expect((await person.visit(logoutUrl('/ims/logout/v1/token', { client_id: 'emulator-web-app' }))).page).toBe('{}')
    expect(await silent(person)).toBe('login_required')
    const jsonp = await fetch(logoutUrl('/ims/logout/v1/token', { callback: 'done' }))
    expect(await jsonp.text()).toBe('done({})')
    expect((await fetch(logoutUrl('/ims/logout/v1/token', { callback: 'alert(1)//' }))).status).toBe(400)
  })
})
