import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  createClient,
  type DurableNamespace,
  durableTokens,
  type ImsEvent,
  type KvNamespace,
  kvStore,
  memoryPlatform,
  refreshToken,
  workerPlatform,
} from '../../src/adapters/worker/index.ts'
import { type EmulatorOptions, type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { browse, confidentialClient, startOpenIdProvider } from '../kit/oidc-op.ts'
import type { ServiceConfig } from './fixtures/service.ts'
import { granted } from './visitor.ts'
import { type RunningWorker, startWorker } from './workerd.ts'

// a worker that takes a token, in real workerd with real KV and Durable Objects

async function startIms(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  const emulator = await startEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

/** From before a request could wait for promises of another one, and before requests had a cache option. */
const longAgo = '2024-09-01'

function startService(
  service: ServiceConfig,
  { persist, compatibilityDate = longAgo }: { persist?: string; compatibilityDate?: string } = {},
): Promise<RunningWorker> {
  const place = {
    compatibilityDate,
    bindings: { service },
    durableObjects: { LOCK: 'ImsLock' },
    ...(persist !== undefined && { persist }),
  }
  return startWorker({ fixture: 'service', ...place })
}

const credential = ({ contexts }: RunningEmulator) => {
  const { client_id: clientId, client_secrets: clientSecret, scopes } = contexts.oauth_server_to_server
  return { clientId, clientSecret, scopes }
}
const serverFlow = (ims: RunningEmulator) => ({ kind: 'server' as const, ...credential(ims) })

const textOf = async (response: Response) => {
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return text
}
const ask = async ({ url }: RunningWorker, path = '/') => textOf(await fetch(new URL(path, url)))
const askAtOnce = (worker: RunningWorker, count: number, path = '/') =>
  Promise.all(Array.from({ length: count }, () => ask(worker, path)))

interface Seen {
  readonly counts: Record<'get' | 'put' | 'delete' | 'list', number>
  readonly events: ImsEvent[]
}
const seen = async (worker: RunningWorker) => JSON.parse(await ask(worker, '/counts')) as Seen

const keepings = ['kv', 'kv, locked', 'object', 'memory'] as const

test('a worker of today takes a token as well', async () => {
  const ims = await startIms()
  const service: ServiceConfig = { flow: serverFlow(ims), endpoint: ims.url, keeping: 'kv, locked', oneClient: true }
  const worker = await startService(service, { compatibilityDate: '2026-04-01' })
  expect(new Set(await askAtOnce(worker, 50)).size).toBe(1)
})

describe.each(keepings)('tokens in: %s', (keeping) => {
  test('one is taken, kept, and used for an API', async () => {
    const ims = await startIms()
    const worker = await startService({ flow: serverFlow(ims), endpoint: ims.url, keeping })
    const token = await ask(worker)
    expect(token.split('.')).toHaveLength(3)
    expect(await ask(worker)).toBe(token)
    expect(JSON.parse(await ask(worker, '/call'))).toMatchObject({ client_id: credential(ims).clientId })
    expect(worker.outgoing.map(({ url }) => new URL(url).pathname)).toEqual(['/ims/token/v3', '/api/echo'])
    // a new one on demand, which everyone gets from then on
    const fresh = await ask(worker, '/?force')
    expect(fresh).not.toBe(token)
    expect(await ask(worker)).toBe(fresh)
  })

  test.each([false, true])(
    'a cold worker that 200 ask at once answers them all; one client for all: %s',
    async (oneClient) => {
      const ims = await startIms()
      const worker = await startService({ flow: serverFlow(ims), endpoint: ims.url, keeping, oneClient })
      const tokens = new Set(await askAtOnce(worker, 200))
      const requests = granted(ims, 'client_credentials')
      if (keeping === 'kv, locked' || keeping === 'object') expect([tokens.size, requests]).toEqual([1, 1])
      else expect(requests).toBeLessThanOrEqual(200)
      // from then on, no isolate asks IMS
      await askAtOnce(worker, 20)
      expect(granted(ims, 'client_credentials')).toBe(requests)
    },
  )
})

test('requests of one client do not wait for what ends with another request', async () => {
  const ims = await startIms()
  const flow = serverFlow(ims)
  const service: ServiceConfig = { flow, endpoint: ims.url, keeping: 'kv', oneClient: true, noContext: true }
  const worker = await startService(service)
  ims.fault({ path: '/ims/token/v3', delay: 8_000 })
  const first = fetch(new URL('/?patience=3000', worker.url))
  await vi.waitFor(() => expect(worker.outgoing).toHaveLength(1), { timeout: 10_000 })
  const others = await askAtOnce(worker, 10, '/call')
  expect(others.map((answer) => JSON.parse(answer).client_id)).toEqual(others.map(() => flow.clientId))
  expect((await first).status).toBe(500)
})

test('the key of a JWT credential comes from a secret', async () => {
  const ims = await startIms()
  const { client_id, client_secret, technical_account_id, ims_org_id, meta_scopes, private_key } = ims.contexts.jwt
  const flow = {
    kind: 'jwt' as const,
    clientId: client_id,
    clientSecret: client_secret,
    technicalAccountId: technical_account_id,
    orgId: ims_org_id,
    metaScopes: meta_scopes,
    privateKey: private_key,
  }
  const worker = await startService({ flow, endpoint: ims.url, keeping: 'kv' })
  expect((await ask(worker)).split('.')).toHaveLength(3)
  expect(worker.outgoing.map(({ url }) => new URL(url).pathname)).toEqual(['/ims/exchange/jwt'])
})

test('a warm isolate reads nothing from KV', async () => {
  const ims = await startIms()
  const service: ServiceConfig = { flow: serverFlow(ims), endpoint: ims.url, keeping: 'kv' }
  const worker = await startService(service)
  const token = await ask(worker)
  const { counts: before } = await seen(worker)
  expect(new Set(await askAtOnce(worker, 50))).toEqual(new Set([token]))
  expect((await seen(worker)).counts).toEqual(before)
})

test('a cold isolate finds in KV what another has obtained', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'imskit-kv-'))
  onTestFinished(() => rmSync(persist, { recursive: true }))
  const ims = await startIms()
  const service: ServiceConfig = { flow: serverFlow(ims), endpoint: ims.url, keeping: 'kv' }
  const first = await startService(service, { persist })
  const token = await ask(first)
  await first.end()
  const second = await startService(service, { persist })
  expect(await ask(second)).toBe(token)
  expect(second.outgoing).toEqual([])
})

describe('KV that fails', () => {
  test.each(['get', 'put', 'get put delete'])('on %s does not prevent a token', async (what) => {
    const ims = await startIms()
    const worker = await startService({ flow: serverFlow(ims), endpoint: ims.url, keeping: 'kv' })
    await ask(worker, `/break?what=${encodeURIComponent(what)}`)
    expect((await ask(worker)).split('.')).toHaveLength(3)
    const { events } = await seen(worker)
    const errors = events.filter(({ type }) => type === 'error')
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toMatchObject({ code: 'STORE_FAILED' })
    await ask(worker, '/break?what=')
    const token = await ask(worker)
    expect(await ask(worker)).toBe(token)
  })
})

describe('renewal behind the response', () => {
  const minute = 60_000

  /** A worker whose store has a token that is due to be renewed soon, and good until then. */
  async function due(more: Partial<ServiceConfig> = {}) {
    const ims = await startIms()
    const worker = await startService({ flow: serverFlow(ims), endpoint: ims.url, keeping: 'kv', ...more })
    const kv = (await worker.miniflare.getKVNamespace('KV')) as unknown as KvNamespace
    const client = createClient({
      flow: clientCredentials(credential(ims)),
      endpoint: ims.url,
      ...workerPlatform({ kv }),
    })
    const old = await client.getToken()
    const store = kvStore(kv)
    const [key = ''] = await store.keys('imskit/tokens/')
    const expiresAt = Date.now() + 11 * minute
    await store.set(key, { accessToken: old, expiresAt, obtainedAt: expiresAt - 1440 * minute }, expiresAt)
    return { ims, worker, old }
  }

  test('goes through waitUntil', async () => {
    // by a lock, or each request that comes meanwhile renews as well
    const { ims, worker, old } = await due({ keeping: 'kv, locked' })
    ims.fault({ path: '/ims/token/v3', delay: 3_000 })
    expect(await ask(worker)).toBe(old)
    expect(granted(ims, 'client_credentials')).toBe(1)
    await vi.waitFor(() => expect(granted(ims, 'client_credentials')).toBe(2), { timeout: 20_000 })
    await vi.waitFor(async () => expect(await ask(worker)).not.toBe(old), { timeout: 20_000 })
    expect(granted(ims, 'client_credentials')).toBe(2)
  })

  test('is not started without waitUntil', async () => {
    const { worker, old } = await due({ noContext: true })
    for (let asked = 0; asked < 5; asked++) expect(await ask(worker)).toBe(old)
    expect(worker.outgoing).toEqual([])
    // nor is the store read a second time
    expect((await seen(worker)).counts.get).toBe(1)
  })
})

describe('refresh tokens that can be redeemed once', () => {
  /** What IMS said to every refresh. */
  const refreshes = (ims: RunningEmulator) =>
    ims.requests.filter(({ params }) => params.grant_type === 'refresh_token').map(({ status }) => status)

  type Refreshing = Extract<ServiceConfig['flow'], { kind: 'refresh' }>
  const redirectUri = 'http://127.0.0.1:5566/callback'

  /** Signs a user in, and passes the refresh token to the worker. */
  async function signIn(
    site: { clientId: string; clientSecret: string; scopes: string | string[]; endpoint: string },
    go: (url: URL) => Promise<URL>,
  ): Promise<Refreshing> {
    const { endpoint, ...credential } = site
    const { clientId, clientSecret } = credential
    const platform = memoryPlatform()
    const flow = authorizationCode({ ...credential, redirectUri })
    const client = createClient({ flow, endpoint, issuers: [endpoint], ...platform })
    await client.finishLogin(await go(await client.startLogin()))
    const [key = ''] = await platform.store.keys('imskit/tokens/')
    const { refreshToken } = (await platform.store.get(key)) as { refreshToken: string }
    return { kind: 'refresh', clientId, clientSecret, refreshToken }
  }

  async function signedIn(ims: RunningEmulator): Promise<Refreshing> {
    const { client_id: clientId, client_secret: clientSecret, scope } = ims.contexts.oauth
    return signIn({ clientId, clientSecret, scopes: scope, endpoint: ims.url }, async (url) => {
      const response = await fetch(url, { redirect: 'manual' })
      return new URL(response.headers.get('location') ?? '')
    })
  }

  test('are redeemed once each by 200 requests at once', async () => {
    const ims = await startIms({ autoLogin: 'user@example.com' })
    const worker = await startService({ flow: await signedIn(ims), endpoint: ims.url, keeping: 'object' })
    expect(new Set(await askAtOnce(worker, 200)).size).toBe(1)
    expect(refreshes(ims)).toEqual([200])
    // no token lasts as long as these want it to: each renews in its turn, with the refresh token of the one before
    const tokens = await askAtOnce(worker, 10, '/?minValidity=1e12')
    expect(new Set(tokens).size).toBe(10)
    expect(refreshes(ims)).toEqual(Array.from({ length: 11 }, () => 200))
    expect(new Set(await askAtOnce(worker, 20)).size).toBe(1)
  })

  test('that another isolate has redeemed are not redeemed again', async () => {
    const ims = await startIms({ autoLogin: 'user@example.com' })
    const flow = await signedIn(ims)
    const worker = await startService({ flow, endpoint: ims.url, keeping: 'object' })
    const first = await ask(worker)
    const objects = await worker.miniflare.getDurableObjectNamespace('LOCK')
    const { kind: _, ...credential } = flow
    const elsewhere = createClient({
      flow: refreshToken(credential),
      endpoint: ims.url,
      ...workerPlatform(durableTokens(objects as unknown as DurableNamespace)),
    })
    const second = await elsewhere.getToken({ force: true })
    expect(second).not.toBe(first)
    // warm, and valid until it expires; a caller that forces a renewal gets the same token
    expect(await ask(worker)).toBe(first)
    expect(await ask(worker, '/?force')).toBe(second)
    expect(refreshes(ims)).toEqual([200, 200])
  })

  test('are not lost with a caller who gives up while IMS answers', async () => {
    const ims = await startIms({ autoLogin: 'user@example.com' })
    const worker = await startService({ flow: await signedIn(ims), endpoint: ims.url, keeping: 'object' })
    ims.fault({ path: '/ims/token/v3', delay: 4_000 })
    const left = await fetch(new URL('/?patience=1500', worker.url))
    expect([left.status, await left.text()]).toEqual([500, expect.stringContaining('TimeoutError')])
    expect((await ask(worker)).split('.')).toHaveLength(3)
    expect(refreshes(ims)).toEqual([200])
  })

  test('work at oidc-provider, which revokes the grant if one is redeemed twice', async () => {
    const op = await startOpenIdProvider()
    onTestFinished(() => op.close())
    const { id: clientId, secret: clientSecret } = confidentialClient
    const site = { clientId, clientSecret, scopes: ['openid', 'offline_access'], endpoint: op.issuer }
    const flow = await signIn(site, (url) => browse(url, redirectUri))
    const service: ServiceConfig = {
      flow,
      endpoint: op.issuer,
      keeping: 'object',
    }
    const worker = await startService(service)
    expect(new Set(await askAtOnce(worker, 200)).size).toBe(1)
    const redeemed = () => op.grants.filter((grant) => grant === 'refresh_token').length
    expect(redeemed()).toBe(1)
    expect(new Set(await askAtOnce(worker, 10, '/?minValidity=1e12')).size).toBe(10)
    expect(redeemed()).toBe(11)
    expect(op.events.filter((event) => event === 'grant.error' || event === 'grant.revoked')).toEqual([])
  })
})
