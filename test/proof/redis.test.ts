import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createClient as createNodeRedis } from '@redis/client'
import { Redis } from 'ioredis'
import { createStorage } from 'unstorage'
import redisDriver from 'unstorage/drivers/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { authorizationCode, createClient, fromUnstorage, noLock, redisLock } from '../../src/core/index.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { lockContract, storeContract } from '../../src/testing/index.ts'
import { gate } from '../core/setting.ts'
import { callback, createPerson } from '../emulator/person.ts'
import { build, built } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { type RunningRedis, startRedis } from './redis-server.ts'

// a fleet that shares its tokens in Redis: a real server, real processes

let server: RunningRedis
let redis: Redis
let driver: ReturnType<typeof redisDriver>

beforeAll(async () => {
  server = await startRedis()
  redis = new Redis(server.url)
  driver = redisDriver({ url: server.url, base: 'imskit' })
})
beforeEach(() => redis.flushall())
afterAll(async () => {
  await driver?.dispose?.()
  redis?.disconnect()
  await server?.close()
})

const makeStore = () => fromUnstorage(createStorage({ driver }))

/** A port that refuses connections. */
const nowhere = 'redis://127.0.0.1:1'

describe('a store over Redis', () => {
  const failing = redisDriver({ url: nowhere, base: 'imskit', maxRetriesPerRequest: 0, retryStrategy: () => null })
  // without a listener the error is printed
  failing.getInstance?.().on('error', () => {})
  storeContract(test, {
    makeStore,
    makeFailing: () => fromUnstorage(createStorage({ driver: failing })),
    damage: async () => {
      for (const key of await redis.keys('*')) await redis.set(key, '{"value":{"before":"dam')
    },
  })

  test('lets Redis drop an entry when its token expires, and keeps one without an expiry', async () => {
    await makeStore().set('ends', 1, Date.now() + 60_000)
    await makeStore().set('stays', 1)
    const [ends = '', stays = ''] = (await redis.keys('*')).sort()
    expect(await redis.pttl(ends)).toBeGreaterThan(0)
    expect(await redis.pttl(ends)).toBeLessThanOrEqual(61_000)
    expect(await redis.pttl(stays)).toBe(-1)
  })
})

/** A task that runs until `end` is called. */
function longTask() {
  const [begun, ended] = [gate(), gate()]
  const task = async () => {
    begun.open()
    await ended.opened
  }
  return { task, begun: begun.opened, end: ended.open }
}

/** Expires the leases of all locks. */
const expireLocks = async () => {
  for (const key of await lockKeys()) await redis.del(key)
}
const lockKeys = async () => (await redis.keys('imskit:lock:*')).filter((key) => !key.includes(':ended:'))

describe('a lock over Redis, with ioredis', () => {
  lockContract(test, {
    makeLock: () => redisLock(redis),
    lose: expireLocks,
    async makeFailing() {
      const own = new Redis(server.url, { enableOfflineQueue: false, retryStrategy: () => null })
      await once(own, 'ready')
      return { lock: redisLock(own), fail: () => own.disconnect() }
    },
  })

  test('extends its lease while its task runs', async () => {
    const { task, begun, end } = longTask()
    const holder = redisLock(redis)('name', task)
    await begun
    const [key = ''] = await lockKeys()
    expect(await redis.pttl(key)).toBeLessThanOrEqual(10_000)
    for (let times = 0; times < 2; times++) {
      await redis.pexpire(key, 6_000)
      await vi.waitFor(async () => expect(await redis.pttl(key)).toBeGreaterThan(6_000), { timeout: 10_000 })
    }
    end()
    await holder
    expect(await lockKeys()).toEqual([])
  })

  test('leaves alone what another process holds by now', async () => {
    const { task, begun, end } = longTask()
    const holder = redisLock(redis)('name', task)
    await begun
    const [key = ''] = await lockKeys()
    await redis.set(key, 'another')
    end()
    await holder
    expect(await redis.get(key)).toBe('another')
  })

  test('knows that a holding has ended, and forgets it after a while', async () => {
    const lock = redisLock(redis)
    const first = await lock('name', async ({ id }) => id ?? '')
    const other = redisLock(redis)
    expect(await other('name', async ({ hasEnded }) => hasEnded?.(first))).toBe(true)
    const [marker = ''] = await redis.keys(`*${first}`)
    expect(await redis.pttl(marker)).toBeGreaterThan(0)
    await redis.flushall()
    expect(await other('name', async ({ hasEnded }) => hasEnded?.(first))).toBe(false)
  })

  test('is lost when Redis restarts without its data', async () => {
    const own = await startRedis()
    const client = new Redis(own.url)
    client.on('error', () => {})
    onTestFinished(async () => {
      client.disconnect()
      await own.close()
    })
    const held = await redisLock(client)('name', async ({ stillHeld }) => {
      const before = await stillHeld()
      await own.kill()
      await own.start()
      return [before, await stillHeld()]
    })
    expect(held).toEqual([true, false])
  })

  test('keeps apart two clients that wait for each other’s release', async () => {
    const second = new Redis(server.url)
    onTestFinished(() => second.disconnect())
    let inside = 0
    const most: number[] = []
    const task = async () => {
      most.push(++inside)
      await redis.ping()
      inside--
    }
    const locks = [redisLock(redis), redisLock(second)]
    await Promise.all(Array.from({ length: 20 }, (_, index) => locks[index % 2]?.('name', task)))
    expect(most).toEqual(Array(20).fill(1))
  })
})

describe('a lock over Redis, with node-redis', () => {
  const clients: { destroy(): void }[] = []
  const connect = async () => {
    const client = createNodeRedis({ url: server.url, socket: { reconnectStrategy: false } })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  let client: Awaited<ReturnType<typeof connect>>

  beforeAll(async () => {
    client = await connect()
  })
  afterAll(() => client.destroy())

  lockContract(test, {
    makeLock: () => redisLock(client),
    lose: expireLocks,
    async makeFailing() {
      const own = await connect()
      return { lock: redisLock(own), fail: () => own.destroy() }
    },
  })

  test('shares its locks with clients of ioredis', async () => {
    const { task, begun, end } = longTask()
    const holder = redisLock(client)('name', task)
    await begun
    const order: string[] = []
    const other = redisLock(redis)
    const next = other('name', async () => void order.push('next'))
    // Redis answers in order: by now it has refused the other client once
    await other('another name', async () => {})
    order.push('first')
    end()
    await Promise.all([holder, next])
    expect(order).toEqual(['first', 'next'])
  })
})

describe('a fleet', () => {
  let emulator: RunningEmulator
  const user = 'user@example.com'

  beforeAll(async () => {
    await build()
    emulator = await startEmulator()
  }, 300_000)
  afterAll(() => emulator?.close())

  const member = join(import.meta.dirname, 'fixtures', 'redis-member.mjs')

  interface Fleet {
    readonly size: number
    readonly endpoint: string
    readonly flow: object
    readonly storeAt: string
    readonly lockAt: string
  }

  /** Machines that have started: as far as they can tell, each is alone with Redis. */
  async function gather(fleet: Fleet): Promise<ChildProcess[]> {
    const options = {
      PROOF_ENTRY: built('node'),
      PROOF_ENDPOINT: fleet.endpoint,
      PROOF_FLOW: JSON.stringify(fleet.flow),
      REDIS_URL: fleet.storeAt,
      LOCK_URL: fleet.lockAt,
    }
    const members = Array.from({ length: fleet.size }, () => fork(member, { env: newPlace(options).env }))
    onTestFinished(() => {
      for (const each of members) each.kill('SIGKILL')
    })
    await Promise.all(members.map((each) => answer(each)))
    return members
  }

  const answer = async (each: ChildProcess): Promise<unknown> => {
    const [said] = await Promise.race([once(each, 'message'), once(each, 'exit').then(() => ['it has ended'])])
    return said
  }
  interface Answer {
    readonly token?: string
    readonly failed?: { readonly code: string }
    readonly errors: readonly string[]
  }
  const ask = (each: ChildProcess) => {
    const answered = answer(each)
    each.send('go')
    return answered as Promise<Answer>
  }
  const watch = (ims: RunningEmulator, grant?: string) => {
    const before = ims.requests.length
    return () =>
      ims.requests
        .slice(before)
        .flatMap(({ path, status, params }) =>
          /token/.test(path) && (grant === undefined || params.grant_type === grant) ? [status] : [],
        )
  }
  const machines = (size: number): Fleet => {
    const { client_id: clientId, client_secrets, scopes } = emulator.contexts.oauth_server_to_server
    const flow = { kind: 'clientCredentials', clientId, clientSecret: client_secrets[0], scopes: scopes.join(' ') }
    return { size, endpoint: emulator.url, flow, storeAt: server.url, lockAt: server.url }
  }

  test('of eight cold processes asks for one token (S40)', async () => {
    const fleet = await gather(machines(8))
    const asked = watch(emulator)
    const answers = await Promise.all(fleet.map(ask))
    expect(answers.flatMap(({ errors }) => errors)).toEqual([])
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
    expect(answers[0]?.token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(asked()).toEqual([200])
    // one that joins later asks Redis, and not IMS
    const [late] = await gather(machines(1))
    expect(await ask(late as ChildProcess)).toEqual(answers[0])
    expect(asked()).toEqual([200])
  })

  test('continues when the renewing process is killed: another one renews after its lease', async () => {
    const fleet = await gather(machines(8))
    const asked = watch(emulator)
    emulator.fault({ path: '/ims/token', delay: 60_000 })
    const first = fleet[0] as ChildProcess
    const lost = ask(first)
    await vi.waitFor(() => expect(asked()).toHaveLength(1), { timeout: 10_000, interval: 10 })
    const answers = fleet.slice(1).map(ask)
    first.kill('SIGKILL')
    expect(await lost).toBe('it has ended')
    const tokens = (await Promise.all(answers)).map(({ token }) => token)
    expect(new Set(tokens).size).toBe(1)
    expect(asked()).toEqual([0, 200])
  })

  describe('that shares a login', () => {
    /** A fleet with an expired access token and a refresh token that can be redeemed once. */
    async function signedIn(storeAt: string, lockAt: string) {
      const ims = await startEmulator({ autoLogin: user, accessTokenLifetime: 2_000 })
      onTestFinished(() => ims.close())
      const { client_id: clientId, scope } = ims.contexts.oauth_public
      const credential = { clientId, scopes: scope, redirectUri: callback }
      const own = redisDriver({ url: storeAt, base: 'imskit' })
      own.getInstance?.().on('error', () => {})
      onTestFinished(() => own.dispose?.())
      const client = createClient({
        flow: authorizationCode(credential),
        endpoint: ims.url,
        store: fromUnstorage(createStorage({ driver: own })),
        lock: noLock,
      })
      const { url } = await createPerson(ims).visit(await client.startLogin())
      await client.finishLogin(url)
      const loggedInAt = Date.now()
      const flow = { kind: 'authorizationCode', ...credential }
      const fleet = await gather({ size: 4, endpoint: ims.url, flow, storeAt, lockAt })
      await vi.waitFor(() => expect(Date.now() - loggedInAt).toBeGreaterThan(2_000), { timeout: 10_000 })
      return { ims, fleet, redeemed: watch(ims, 'refresh_token') }
    }

    test.each([
      ['keeps its data', true],
      ['loses its locks', false],
    ])(
      'redeems no refresh token twice if Redis restarts during a renewal and %s',
      async (_, durable) => {
        const store = await startRedis({ durable: true })
        onTestFinished(() => store.close())
        const locks = durable ? store : await startRedis()
        onTestFinished(() => locks.close())
        const { ims, fleet, redeemed } = await signedIn(store.url, locks.url)
        ims.fault({ path: '/ims/token', delay: 5_000 })
        const first = ask(fleet[0] as ChildProcess)
        await vi.waitFor(() => expect(redeemed()).toHaveLength(1), { timeout: 10_000, interval: 10 })
        const others = fleet.slice(1).map(ask)
        await locks.kill()
        await locks.start()
        const answers = await Promise.all([first, ...others])
        expect(answers.filter(({ token }) => token === undefined)).toEqual([])
        // the emulator answers 400 to a refresh token that was redeemed before
        expect(new Set(redeemed())).toEqual(new Set([200]))
        const later = await ask(fleet[1] as ChildProcess)
        expect(later.token).toEqual(expect.any(String))
        expect(new Set(redeemed())).toEqual(new Set([200]))
      },
      90_000,
    )
  })
})
