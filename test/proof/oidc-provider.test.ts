import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  type AuthorizationCodeOptions,
  aioConfig,
  authorizationCode,
  type Clock,
  createClient,
  Ims,
  type LoginClient,
  memoryPlatform,
  nodePlatform,
  type Platform,
  type Store,
  systemClock,
} from '../../src/adapters/node/index.ts'
import { newFolder } from '../kit/folder.ts'
import { browse, confidentialClient, type OpenIdProvider, publicClient, startOpenIdProvider } from '../kit/oidc-op.ts'

// a server of other authors, certified for OpenID Connect: what works here does not depend on imskit's own emulator

const redirectUri = 'http://127.0.0.1:4711/callback'
const lifetime = 3_000_000
const scopes = ['openid', 'email']
const credentials: Record<string, AuthorizationCodeOptions> = {
  public: { clientId: publicClient, scopes },
  confidential: { clientId: confidentialClient.id, clientSecret: confidentialClient.secret, scopes },
}
const open = credentials.public as AuthorizationCodeOptions

let op: OpenIdProvider

beforeAll(async () => {
  op = await startOpenIdProvider({ accessTokenLifetime: lifetime / 1000 })
})
afterAll(() => op.close())

let since = { events: 0, grants: 0 }
beforeEach(() => {
  since = { events: op.events.length, grants: op.grants.length }
})
const grants = () => op.grants.slice(since.grants)
const events = () => op.events.slice(since.events)
const refreshes = () => grants().filter((grant) => grant === 'refresh_token').length

/** A clock that can be put forward. */
function movableClock(): Clock & { forward(ms: number): void } {
  let offset = 0
  const now = () => Date.now() + offset
  const forward = (ms: number) => {
    offset += ms
  }
  return { ...systemClock, now, forward }
}

function clientOf(platform: Platform, options: AuthorizationCodeOptions = open, clock?: Clock): LoginClient {
  const client = createClient({
    ...platform,
    flow: authorizationCode(options),
    endpoint: op.issuer,
    retry: { retries: 0 },
    ...(clock && { clock }),
  })
  onTestFinished(() => client.close())
  return client
}

async function logIn(client: LoginClient) {
  const url = await client.startLogin({ redirectUri, parameters: { resource_hint: 'ignored' } })
  return client.finishLogin(await browse(url, redirectUri))
}

async function storedTokens(store: Store): Promise<{ accessToken?: string; refreshToken?: string } | undefined> {
  const [key = ''] = await store.keys('imskit/tokens/')
  return (await store.get(key)) as { refreshToken?: string } | undefined
}

describe.each(Object.keys(credentials))('a %s client (S2, S6)', (kind) => {
  const credential = credentials[kind] as AuthorizationCodeOptions

  test.each([false, true])('signs in in two halves; id token signature checked: %s', async (verifyIdTokenSignature) => {
    const client = clientOf(memoryPlatform(), { ...credential, verifyIdTokenSignature })
    const result = await logIn(client)
    expect(result.claims).toMatchObject({ sub: 'alice', aud: credential.clientId, iss: op.issuer })
    expect(result.scopes).toEqual(scopes)
    expect(result.missingScopes).toEqual([])
    expect(result.accessToken).not.toContain('.')
    expect(Math.abs(result.expiresAt - Date.now() - lifetime)).toBeLessThan(20_000)
    expect(await client.getToken()).toBe(result.accessToken)
    const userInfo = await new Ims({ endpoint: op.issuer }).getUserInfo(result.accessToken)
    expect(userInfo).toEqual({ sub: 'alice', email: 'alice@example.com' })
    expect(grants()).toEqual(['authorization_code'])
  })

  test('signs in with the system browser and a loopback listener', async () => {
    const directory = newFolder()
    const pages: Promise<string>[] = []
    const playBrowser = async (url: string) => {
      const back = await browse(url, new URL(url).searchParams.get('redirect_uri') ?? '')
      return (await fetch(back)).text()
    }
    const platform = nodePlatform({
      directory,
      config: aioConfig({ cwd: directory, home: directory, env: {} }),
      login: { env: {}, output: () => {}, open: (url) => void pages.push(playBrowser(url)) },
    })
    const client = clientOf(platform, credential)
    const token = await client.login()
    expect((await client.getTokens()).claims).toMatchObject({ sub: 'alice' })
    expect(await Promise.all(pages)).toEqual([expect.stringContaining('close this tab')])
    // another process would find it, with the user's claims
    const again = await clientOf(platform, credential).getTokens()
    expect(again).toMatchObject({ accessToken: token, claims: { sub: 'alice' } })
    expect(grants()).toEqual(['authorization_code'])
  })

  test('lives through rotations: twenty callers after the end are one refresh, time and again (S40)', async () => {
    const clock = movableClock()
    const platform = memoryPlatform()
    const client = clientOf(platform, credential, clock)
    const seen = new Set([(await logIn(client)).accessToken])
    const refreshTokens = new Set<string | undefined>()
    for (let round = 1; round <= 3; round++) {
      refreshTokens.add((await storedTokens(platform.store))?.refreshToken)
      clock.forward(lifetime + 1000)
      const tokens = await Promise.all(Array.from({ length: 20 }, () => client.getToken()))
      expect(new Set(tokens).size).toBe(1)
      seen.add(tokens[0] ?? '')
      expect(refreshes()).toBe(round)
    }
    expect(seen.size).toBe(4)
    expect(refreshTokens.size).toBe(3)
    expect((await client.getTokens()).claims).toMatchObject({ sub: 'alice' })
    expect(events()).not.toContain('grant.revoked')
    expect(events()).not.toContain('grant.error')
  })

  test('two clients on one store: one login, one refresh, no reuse', async () => {
    const clock = movableClock()
    const platform = memoryPlatform()
    const [first, second] = [clientOf(platform, credential, clock), clientOf(platform, credential, clock)]
    const { accessToken: token } = await logIn(first)
    expect(await second.getToken()).toBe(token)
    for (let round = 1; round <= 2; round++) {
      clock.forward(lifetime + 1000)
      const callers = Array.from({ length: 10 }, () => [first.getToken(), second.getToken()]).flat()
      expect(new Set(await Promise.all(callers)).size).toBe(1)
      expect(refreshes()).toBe(round)
    }
    expect(events()).not.toContain('grant.revoked')
  })

  test('a second platform finds what the first one stored', async () => {
    const clock = movableClock()
    const { store } = memoryPlatform()
    const apart = () => clientOf({ ...memoryPlatform(), store }, credential, clock)
    const [first, second] = [apart(), apart()]
    await logIn(first)
    await second.getToken()
    clock.forward(lifetime + 1000)
    const token = await first.getToken()
    expect(await second.getToken()).toBe(token)
    expect(refreshes()).toBe(1)
    expect(events()).not.toContain('grant.revoked')
  })

  test('once revoked: LOGIN_REQUIRED, the refresh token is forgotten and not tried again (S41, S45)', async () => {
    const clock = movableClock()
    const platform = memoryPlatform()
    const client = clientOf(platform, credential, clock)
    const { accessToken: token } = await logIn(client)
    const { refreshToken = '' } = (await storedTokens(platform.store)) ?? {}
    const ims = new Ims({ endpoint: op.issuer })
    await ims.revokeToken(refreshToken, credential)
    await expect(ims.getUserInfo(token)).rejects.toMatchObject({ status: 401 })
    clock.forward(lifetime + 1000)
    await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED', name: 'LoginRequiredError' })
    expect(await storedTokens(platform.store)).toBeUndefined()
    expect(refreshes()).toBe(1)
    await expect(client.getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
    await expect(clientOf(platform, credential, clock).getToken()).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(refreshes()).toBe(1)
    expect((await logIn(client)).accessToken).not.toBe(token)
  })
})

describe('what is refused', () => {
  const nothingStored = async ({ store }: Platform) => expect(await store.keys('imskit/tokens/')).toEqual([])

  test('a callback with another state, with two, or with none (S7)', async () => {
    const platform = memoryPlatform()
    const client = clientOf(platform)
    const callback = await browse(await client.startLogin({ redirectUri }), redirectUri)
    const other = new URL(callback)
    other.searchParams.set('state', 'another')
    const twice = new URL(callback)
    twice.searchParams.append('state', 'another')
    const none = new URL(callback)
    none.searchParams.delete('state')
    for (const wrong of [other, twice, none]) {
      await expect(client.finishLogin(wrong)).rejects.toMatchObject({ code: 'STATE_MISMATCH' })
    }
    await nothingStored(platform)
    expect(grants()).toEqual([])
    expect((await client.finishLogin(callback)).claims).toMatchObject({ sub: 'alice' })
  })

  test('a callback that was finished before, at another client', async () => {
    const platform = memoryPlatform()
    const client = clientOf(platform)
    const callback = await browse(await client.startLogin({ redirectUri }), redirectUri)
    const { accessToken: token } = await client.finishLogin(callback)
    await expect(clientOf(platform).finishLogin(callback)).rejects.toMatchObject({ code: 'STATE_MISMATCH' })
    // a page that is rendered twice gets the same answer twice
    expect((await client.finishLogin(callback)).accessToken).toBe(token)
    expect(grants()).toEqual(['authorization_code'])
  })

  test('a verifier that is not the one of the challenge (S6)', async () => {
    const platform = memoryPlatform()
    const client = clientOf(platform)
    const callback = await browse(await client.startLogin({ redirectUri }), redirectUri)
    const [key = ''] = await platform.store.keys('imskit/pending/')
    const pending = (await platform.store.get(key)) as Record<string, string>
    await platform.store.set(key, { ...pending, codeVerifier: 'x'.repeat(43) })
    await expect(client.finishLogin(callback)).rejects.toMatchObject({ code: 'HTTP_ERROR', imsError: 'invalid_grant' })
    await nothingStored(platform)
  })

  test('an id token with another nonce (S11)', async () => {
    const platform = memoryPlatform()
    const client = clientOf(platform)
    const callback = await browse(await client.startLogin({ redirectUri }), redirectUri)
    const [key = ''] = await platform.store.keys('imskit/pending/')
    const pending = (await platform.store.get(key)) as Record<string, string>
    await platform.store.set(key, { ...pending, nonce: 'another' })
    await expect(client.finishLogin(callback)).rejects.toMatchObject({ code: 'TOKEN_INVALID', reason: 'nonce' })
    await nothingStored(platform)
  })

  test('a callback at another place than was asked for (S18)', async () => {
    const platform = memoryPlatform()
    const client = clientOf(platform)
    const callback = await browse(await client.startLogin({ redirectUri }), redirectUri)
    callback.pathname = '/elsewhere'
    await expect(client.finishLogin(callback)).rejects.toMatchObject({ code: 'STATE_MISMATCH' })
    await nothingStored(platform)
    expect(grants()).toEqual([])
  })

  test('a wrong secret', async () => {
    const platform = memoryPlatform()
    const client = clientOf(platform, {
      ...credentials.confidential,
      clientSecret: 'wrong',
    } as AuthorizationCodeOptions)
    await expect(logIn(client)).rejects.toMatchObject({ status: 401, imsError: 'invalid_client' })
    await nothingStored(platform)
  })

  test('a login that the user cancels, and a silent one without a session', async () => {
    const client = clientOf(memoryPlatform())
    const url = await client.startLogin({ redirectUri, prompt: 'none' })
    await expect(client.finishLogin(await browse(url, redirectUri))).rejects.toMatchObject({
      code: 'LOGIN_REQUIRED',
      cause: { imsError: 'login_required' },
    })
    const denied = new URL(await client.startLogin({ redirectUri }))
    const back = new URL(redirectUri)
    back.searchParams.set('error', 'access_denied')
    back.searchParams.set('state', denied.searchParams.get('state') ?? '')
    await expect(client.finishLogin(back)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })
})
