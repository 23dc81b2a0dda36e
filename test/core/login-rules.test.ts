import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clientCredentials, createClient, type LoginClient } from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import {
  follow,
  platformOn,
  publicFlow,
  redirectUri,
  rejection,
  storedTokens,
  type WatchedPlatform,
} from './setting.ts'

// what a login must do whatever the authorization server answers

const awkwardSecret = `p:%+ é/"&=#?\\${'\u00df'}'~`

let emulator: Emulator
let clock: FakeClock
let on: WatchedPlatform

beforeAll(async () => {
  emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com' })
})
beforeEach(() => {
  clock = fakeClock()
  on = platformOn(emulator, clock)
})

const loginClient = (more: object = {}) => createClient({ flow: publicFlow(emulator), ...on, ...more })

/** The callback of a login that was started, with some parameters set and others (undefined) removed. */
async function callbackWith(client: LoginClient, parameters: Record<string, string | undefined>): Promise<URL> {
  const callback = await follow(emulator, await client.startLogin())
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) callback.searchParams.delete(name)
    else callback.searchParams.set(name, value)
  }
  return callback
}

describe('a server that refuses S256', () => {
  const refusal = { error: 'invalid_request', error_description: 'code_challenge_method S256 is not supported' }

  test('at the authorization endpoint gets no second request, and no login with plain (S4)', async () => {
    const asked: URL[] = []
    const redirect = {
      prepare: async () => ({
        redirectUri,
        navigate: async (url: URL) => {
          asked.push(url)
          const callback = new URL(redirectUri)
          callback.search = String(new URLSearchParams({ ...refusal, state: url.searchParams.get('state') ?? '' }))
          return callback
        },
        close: () => {},
      }),
    }
    const client = loginClient({ redirect })
    for (let login = 1; login <= 2; login++) {
      expect(await rejection(client.login())).toMatchObject({ code: 'HTTP_ERROR', imsError: 'invalid_request' })
      expect(asked).toHaveLength(login)
    }
    expect(asked.map(({ searchParams }) => searchParams.get('code_challenge_method'))).toEqual(['S256', 'S256'])
    expect(on.fetch.sent).toHaveLength(0)
  })

  test('at the token endpoint gets no second request, and no verifier in place of the challenge (S4)', async () => {
    const client = loginClient({ retry: { retries: 2 } })
    const callback = await follow(emulator, await client.startLogin())
    const takeBack = emulator.fault({ path: '/ims/token/v3', status: 400, body: refusal })
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ imsError: 'invalid_request' })
    takeBack()
    expect(on.fetch.sent).toHaveLength(1)
    const next = (await client.startLogin()).searchParams
    expect(next.getAll('code_challenge_method')).toEqual(['S256'])
    expect(next.get('code_challenge')).toMatch(/^[\w-]{43}$/)
  })
})

describe('iss of a callback', () => {
  const success = {}
  const failure = { code: undefined, error: 'access_denied' }
  // RFC 6749, section 3.1: a parameter without a value counts as absent
  const accepted: [string, () => string | undefined][] = [
    ['absent', () => undefined],
    ['empty', () => ''],
    ['the endpoint', () => emulator.url],
    ['the endpoint with /ims', () => `${emulator.url}/ims`],
  ]

  test.each(accepted)('that is %s lets a code be redeemed and an error be reported (S15)', async (_, iss) => {
    const client = loginClient()
    const finished = await client.finishLogin(await callbackWith(client, { ...success, iss: iss() }))
    expect(finished).toMatchObject({ accessToken: expect.any(String) })
    const refused = client.finishLogin(await callbackWith(client, { ...failure, iss: iss() }))
    expect(await rejection(refused)).toMatchObject({ code: 'ACCESS_DENIED' })
  })

  test.each(['https://ims-na1.adobelogin.com', 'https://evil.test', 'null'])(
    'that is "%s" lets no code be redeemed and hides the error (S15)',
    async (iss) => {
      const client = loginClient()
      for (const answer of [success, failure]) {
        const callback = await callbackWith(client, { ...answer, iss })
        expect(await rejection(client.finishLogin(callback))).toMatchObject({ code: 'STATE_MISMATCH' })
      }
      expect(on.fetch.sent).toHaveLength(0)
      expect(await storedTokens(on.store)).toBeUndefined()
    },
  )

  test('that comes twice is refused, though one of them is right (S12, S15)', async () => {
    const client = loginClient()
    const callback = await callbackWith(client, { iss: emulator.url })
    callback.searchParams.append('iss', 'https://evil.test')
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code: 'STATE_MISMATCH' })
    expect(on.fetch.sent).toHaveLength(0)
  })
})

test('a hundred silent logins that fail leave the session as it is, and send nothing (S26)', async () => {
  const client = loginClient()
  const { accessToken: token } = await client.finishLogin(await follow(emulator, await client.startLogin()))
  const before = await storedTokens(on.store)
  const sent = on.fetch.sent.length
  for (let probe = 0; probe < 100; probe++) {
    const callback = await callbackWith(client, { code: undefined, error: 'login_required' })
    expect(await rejection(client.finishLogin(callback))).toMatchObject({ code: 'LOGIN_REQUIRED' })
  }
  expect(on.fetch.sent).toHaveLength(sent)
  expect(on.events.filter(({ type }) => type === 'logout')).toEqual([])
  expect(await storedTokens(on.store)).toEqual(before)
  expect(await client.getToken()).toBe(token)
})

test('a client secret with any character arrives unchanged, and a changed one does not do (S30)', async () => {
  const [clientId, orgId] = ['awkward', 'o@AdobeOrg']
  const server = await createEmulator({
    clients: [{ clientId, clientSecrets: [awkwardSecret], technicalAccountId: 't@techacct.adobe.com', orgId }],
  })
  const attempt = (clientSecret: string) =>
    createClient({
      ...on,
      ...platformOn(server, clock),
      flow: clientCredentials({ clientId, clientSecret, orgId, scopes: ['openid'] }),
    })
  const client = attempt(awkwardSecret)
  await expect(client.getToken()).resolves.toEqual(expect.any(String))
  await client.invalidate()
  for (const wrong of [
    encodeURIComponent(awkwardSecret),
    awkwardSecret.replace('+', ' '),
    awkwardSecret.trim().slice(1),
  ]) {
    expect(await rejection(attempt(wrong).getToken())).toMatchObject({ imsError: 'invalid_client' })
  }
})
