import { expect, onTestFinished, test, vi } from 'vitest'
import {
  clientCredentials,
  createClient,
  type ImsError,
  memoryPlatform,
  type RequireTokenOptions,
  requireToken,
  ValidationCache,
} from '../../../src/adapters/worker/index.ts'
import { systemClock } from '../../../src/core/memory.ts'
import { startEmulator } from '../../../src/emulator/index.ts'
import { createHonoApi } from '../fixtures/guard-hono.ts'
import { startKeyServer } from '../key-server.ts'
import { startWorker } from '../workerd.ts'

const request = (token: string) =>
  new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })

async function emulated() {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  const { client_id: clientId, client_secrets: clientSecret, scopes } = emulator.contexts.oauth_server_to_server
  const flow = clientCredentials({ clientId, clientSecret, scopes })
  const client = createClient({ flow, endpoint: emulator.url, ...memoryPlatform() })
  const validations = () => emulator.requests.filter(({ path }) => path === '/ims/validate_token/v1').length
  return { emulator, client, clientId, validations }
}

test('wrong options of a guard are refused when it is created', () => {
  const wrong: [unknown, RegExp][] = [
    [undefined, /allowList or clientId/],
    [{ scopes: ['openid'] }, /allowList or clientId/],
    [{ allowList: 'a-client' }, /allowList/],
    [{ allowList: ['a'], scopes: 'openid' }, /scopes/],
    [{ allowList: ['a'], scopes: ['a b'] }, /scopes/],
    [{ allowList: ['a'], scopes: ['a"\r\nset-cookie: b=c'] }, /scopes/],
    [{ allowList: ['a'], realm: 'a\r\nset-cookie: b=c' }, /realm/],
    [{ allowList: ['a'], realm: '' }, /realm/],
    [{ allowList: ['a'], clockTolerance: 300_001 }, /clockTolerance/],
    [{ allowList: ['a'], validate: 'maybe' }, /validate/],
    [{ allowList: ['a'], endpoint: 'http://ims.example' }, /https/],
  ]
  for (const [options, message] of wrong) {
    let thrown: unknown
    try {
      requireToken(options as RequireTokenOptions)
    } catch (error) {
      thrown = error
    }
    expect((thrown as ImsError).code).toBe('BAD_OPTION')
    expect((thrown as ImsError).message).toMatch(message)
  }
})

test('every client is accepted if that is configured explicitly', async () => {
  const ims = await startKeyServer()
  const guard = requireToken({ endpoint: ims.url, anyClient: true })
  expect(await guard(request(await ims.sign(ims.claims({ client_id: 'anyone' }))))).toMatchObject({
    client_id: 'anyone',
  })
})

test('the issuer is compared exactly (S17)', async () => {
  const ims = await startKeyServer()
  const guard = requireToken({ endpoint: ims.url, clientId: 'good-client', issuer: 'https://ims-na1.adobelogin.com' })
  const statuses = []
  for (const more of [{}, { as: 'ims-na2' }, { as: 'ims-na1.adobelogin.com.evil' }, { iss: 'https://evil' }]) {
    const found = await guard(request(await ims.sign(ims.claims(more))))
    statuses.push(found instanceof Response ? found.status : 200)
  }
  expect(statuses).toEqual([200, 401, 401, 401])
})

test('guards of one isolate share the keys', async () => {
  const ims = await startKeyServer()
  const make = () => requireToken({ endpoint: ims.url, clientId: 'good-client' })
  for (let made = 0; made < 5; made++)
    expect(await make()(request(await ims.sign(ims.claims())))).toMatchObject({ client_id: 'good-client' })
  expect(ims.asked).toEqual(['/ims/keys'])
})

test('what IMS leaves unsaid by an outage is a 503, and no exception', async () => {
  const fetch = vi.fn(async () => {
    throw new TypeError('no route')
  })
  const ims = await startKeyServer()
  const guard = requireToken({ endpoint: ims.url, clientId: 'good-client', fetch, retry: { baseDelay: 1 } })
  const answer = (await guard(request(await ims.sign(ims.claims())))) as Response
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  expect(fetch).toHaveBeenCalledTimes(2)
})

/** A guard with a clock of its own, and what it answers. */
function guardWithClock(endpoint: string) {
  const time = { now: Date.now() }
  const clock = { ...systemClock, now: () => time.now }
  const guard = requireToken({ endpoint, anyClient: true, clock, retry: { retries: 0 } })
  const statusOf = async (token: string) => {
    const found = await guard(request(token))
    return found instanceof Response ? found.status : 200
  }
  return { time, statusOf }
}

test('a key that was replaced under its id is accepted once the keys are 30 s old, and until then the answer is 401', async () => {
  const ims = await startKeyServer()
  const { time, statusOf } = guardWithClock(ims.url)
  const before = await ims.sign(ims.claims())
  expect(await statusOf(before)).toBe(200)
  await ims.replaceKey()
  const after = await ims.sign(ims.claims())
  expect(await statusOf(after)).toBe(401)
  time.now += 30_000
  // unknown ids have a cool-down of their own
  expect(await statusOf(await ims.sign(ims.claims(), { kid: 'unknown' }))).toBe(401)
  expect(await statusOf(after)).toBe(200)
  expect(await statusOf(before)).toBe(401)
  expect(ims.asked).toHaveLength(3)
})

test('only if the keys cannot be fetched is the answer 503', async () => {
  const ims = await startKeyServer()
  const { time, statusOf } = guardWithClock(ims.url)
  const good = await ims.sign(ims.claims())
  expect(await statusOf(good)).toBe(200)
  await ims.replaceKey()
  const replaced = await ims.sign(ims.claims())
  ims.fail = { status: 503 }
  expect(await statusOf(replaced)).toBe(401)
  time.now += 30_000
  expect(await statusOf(replaced)).toBe(503)
  expect(await statusOf(good)).toBe(200)
  expect(await statusOf(await ims.sign(ims.claims({ type: 'refresh_token' }), { kid: 'unknown' }))).toBe(503)
})

test.each(['local', 'ims'] as const)('an answer that a cache kept does not move the clock (%s)', async (validate) => {
  const hour = 3_600_000
  const { emulator } = await emulated()
  const ims = await startKeyServer()
  const date = new Date(Date.now() - 2 * hour).toUTCString()
  ims.headers = { date, age: '7200' }
  const fetch: typeof globalThis.fetch = async (input, init) =>
    String(input).endsWith('/validate_token/v1')
      ? Response.json({ valid: true }, { headers: { date } })
      : globalThis.fetch(input, init)
  const endpoint = validate === 'ims' ? emulator.url : ims.url
  const guard = requireToken({ endpoint, anyClient: true, validate, fetch })
  const expired = await ims.sign(ims.claims({ created_at: String(Date.now() - 2 * hour), expires_in: String(hour) }))
  const fresh = await ims.sign(ims.claims())
  for (let round = 0; round < 2; round++) {
    expect(((await guard(request(expired))) as Response).status).toBe(401)
    expect(await guard(request(fresh))).toMatchObject({ client_id: 'good-client' })
  }
})

test('a token that IMS may read differently is refused even if IMS accepts it', async () => {
  const ims = await startKeyServer()
  const fetch = vi.fn(async () => Response.json({ valid: true }))
  const guard = requireToken({ endpoint: ims.url, clientId: 'good-client', validate: 'ims', fetch })
  const text = JSON.stringify(ims.claims()).replace('"client_id"', '"client_id":"evil","client_id"')
  expect(((await guard(request(await ims.signText(text)))) as Response).status).toBe(401)
  expect(fetch).not.toHaveBeenCalled()
  expect(await guard(request(await ims.sign(ims.claims())))).toMatchObject({ client_id: 'good-client' })
})

test('in workerd, no request waits for the keys that another one fetches', async () => {
  const { emulator, client, clientId } = await emulated()
  const api = { endpoint: emulator.url, clientId, timeout: 20_000 }
  const worker = await startWorker({
    fixture: 'guard-worker',
    bindings: { api },
    compatibilityDate: '2024-09-23',
  })
  const headers = { authorization: `Bearer ${await client.getToken()}` }
  emulator.fault({ path: '/ims/keys', delay: 8_000 })
  const first = fetch(new URL('?patience=3000', worker.url), { headers })
  await vi.waitFor(() => expect(worker.outgoing).toHaveLength(1), { timeout: 10_000 })
  const others = await Promise.all(Array.from({ length: 20 }, () => fetch(worker.url, { headers })))
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200))
  expect((await first).status).toBe(504)
})

test('in other runtimes, concurrent requests share one fetch of the keys', async () => {
  const ims = await startKeyServer()
  const guard = requireToken({ endpoint: ims.url, clientId: 'good-client', realm: 'shared' })
  const token = await ims.sign(ims.claims())
  const found = await Promise.all(Array.from({ length: 20 }, () => guard(request(token))))
  expect(found.filter((one) => one instanceof Response)).toEqual([])
  expect(ims.asked).toHaveLength(1)
})

test('IMS is asked once about a token while the cache remembers, and of a bad one as well (S97)', async () => {
  const { emulator, client, clientId, validations } = await emulated()
  const cache = new ValidationCache(60_000, 10, 10)
  const guard = requireToken({ endpoint: emulator.url, clientId, validate: 'ims', cache })
  const token = await client.getToken()
  for (let asked = 0; asked < 3; asked++) expect(await guard(request(token))).toMatchObject({ client_id: clientId })
  expect(validations()).toBe(1)
  const forged = `${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`
  for (let asked = 0; asked < 3; asked++) expect(((await guard(request(forged))) as Response).status).toBe(401)
  expect(validations()).toBe(2)
})

test('IMS knows what was revoked, and is not asked which scopes and clients are wanted', async () => {
  const { emulator, client, clientId } = await emulated()
  const statusOf = async (options: Partial<RequireTokenOptions>, token: string) => {
    const guard = requireToken({ endpoint: emulator.url, anyClient: true, validate: 'ims', ...options })
    const found = await guard(request(token))
    return found instanceof Response ? found.status : 200
  }
  const token = await client.getToken()
  expect(await statusOf({}, token)).toBe(200)
  expect(await statusOf({ allowList: [clientId], scopes: ['openid'] }, token)).toBe(200)
  expect(await statusOf({ allowList: ['other'] }, token)).toBe(401)
  expect(await statusOf({ scopes: ['admin'] }, token)).toBe(403)
  emulator.fault({ path: '/ims/validate_token/v1', status: 503, times: 2 })
  expect(await statusOf({ retry: { baseDelay: 1 } }, token)).toBe(503)
  await client.invalidate()
  expect(await statusOf({}, token)).toBe(401)
})

test('IMS is not asked about a text that is not a token', async () => {
  const { emulator, clientId, validations } = await emulated()
  const ims = await startKeyServer()
  const guard = requireToken({ endpoint: emulator.url, clientId, validate: 'ims' })
  const huge = await ims.sign(ims.claims({ padding: 'x'.repeat(100_000) }))
  expect(((await guard(request(huge))) as Response).status).toBe(401)
  expect(validations()).toBe(0)
})

test('in workerd, no request waits for what another one asks IMS', async () => {
  const { emulator, client, clientId, validations } = await emulated()
  const api = { endpoint: emulator.url, clientId, validate: 'ims', cached: true, timeout: 20_000 }
  const place = { bindings: { api }, compatibilityDate: '2024-09-01' }
  const worker = await startWorker({ fixture: 'guard-worker', ...place })
  const headers = { authorization: `Bearer ${await client.getToken()}` }
  emulator.fault({ path: '/ims/validate_token/v1', delay: 8_000 })
  const first = fetch(new URL('?patience=3000', worker.url), { headers })
  await vi.waitFor(() => expect(worker.outgoing).toHaveLength(1), { timeout: 10_000 })
  const others = await Promise.all(Array.from({ length: 20 }, () => fetch(worker.url, { headers })))
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200))
  expect((await first).status).toBe(504)
  const before = validations()
  expect((await fetch(worker.url, { headers })).status).toBe(200)
  expect(validations()).toBe(before)
})

test('in Hono it is a middleware', async () => {
  const ims = await startKeyServer()
  const app = createHonoApi({ endpoint: ims.url, allowList: ['good-client'], scopes: ['openid'] })
  expect(await (await app.request('/')).text()).toBe('open to all')
  const refused = await app.request('/api/me')
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"'])
  const headers = { authorization: `Bearer ${await ims.sign(ims.claims())}` }
  expect(await (await app.request('/api/me', { headers })).json()).toEqual({ user: 'user@AdobeID' })
})
