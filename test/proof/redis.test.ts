import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createStorage } from 'unstorage'
import redisDriver from 'unstorage/drivers/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { fromUnstorage } from '../../src/core/from-unstorage.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { lockContract, storeContract } from '../../src/testing/index.ts'
import { build, built } from './build.ts'
import { redisLock } from './fixtures/redis-lock.mjs'
import { newPlace } from './place.ts'
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

describe('a store over Redis', () => {
  storeContract(test, { makeStore })

  test('lets Redis drop an entry with its token, and keeps one that has no end', async () => {
    await makeStore().set('ends', 1, Date.now() + 60_000)
    await makeStore().set('stays', 1)
    const [ends = '', stays = ''] = (await redis.keys('*')).sort()
    expect(await redis.pttl(ends)).toBeGreaterThan(0)
    expect(await redis.pttl(ends)).toBeLessThanOrEqual(61_000)
    expect(await redis.pttl(stays)).toBe(-1)
  })
})

/** A task that goes on until it is told to end. */
function longTask() {
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  let begin: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const task = async () => {
    begin()
    await ended
  }
  return { task, begun, end }
}

describe('a lock over Redis', () => {
  lockContract(test, { makeLock: () => redisLock(redis) })

  test('holds as long as its task goes on, longer than the lease', async () => {
    // long enough for a machine that stalls to renew it in time
    const lease = 3_000
    const lock = redisLock(redis, { lease })
    const { task, begun, end } = longTask()
    const holder = lock('name', task)
    await begun
    const order: string[] = []
    const next = lock('name', async () => void order.push('next'))
    const began = performance.now()
    await vi.waitFor(() => expect(performance.now() - began).toBeGreaterThan(lease * 2), { timeout: 20_000 })
    order.push('first')
    end()
    await Promise.all([holder, next])
    expect(order).toEqual(['first', 'next'])
  })

  test('leaves alone what another one holds by now', async () => {
    const { task, begun, end } = longTask()
    const holder = redisLock(redis)('name', task)
    await begun
    const [key = ''] = await redis.keys('*')
    await redis.set(key, 'another')
    end()
    await holder
    expect(await redis.get(key)).toBe('another')
  })

  test('that fails at the end takes nothing from what its task did', async () => {
    const own = new Redis(server.url, { enableOfflineQueue: false, retryStrategy: () => null })
    await once(own, 'ready')
    const done = redisLock(own)('name', async () => {
      own.disconnect()
      return 'done'
    })
    expect(await done).toBe('done')
  })
})

describe('a fleet', () => {
  let emulator: RunningEmulator

  beforeAll(async () => {
    await build()
    emulator = await startEmulator()
  }, 300_000)
  afterAll(() => emulator?.close())

  const member = join(import.meta.dirname, 'fixtures', 'redis-member.mjs')

  /** Machines that have started and have no token: as far as they can tell, each is alone with Redis. */
  async function gather(lease = 15_000): Promise<ChildProcess[]> {
    const { client_id, client_secrets, scopes } = emulator.contexts.oauth_server_to_server
    const options = {
      PROOF_ENTRY: built('node'),
      REDIS_URL: server.url,
      PROOF_ENDPOINT: emulator.url,
      PROOF_CLIENT: client_id,
      PROOF_SECRET: client_secrets[0] ?? '',
      PROOF_SCOPE: scopes.join(' '),
      PROOF_LEASE: String(lease),
    }
    const fleet = Array.from({ length: 8 }, () => fork(member, { env: newPlace(options).env }))
    onTestFinished(() => {
      for (const each of fleet) each.kill('SIGKILL')
    })
    await Promise.all(fleet.map((each) => answer(each)))
    return fleet
  }

  const answer = async (each: ChildProcess): Promise<unknown> => {
    const [said] = await Promise.race([once(each, 'message'), once(each, 'exit').then(() => ['it has ended'])])
    return said
  }
  const ask = (each: ChildProcess) => {
    const answered = answer(each)
    each.send('go')
    return answered as Promise<{ token: string; errors: string[] }>
  }
  const watch = () => {
    const before = emulator.requests.length
    return () => emulator.requests.slice(before).flatMap(({ path, status }) => (/token/.test(path) ? [status] : []))
  }

  test('of eight cold processes asks for one token', async () => {
    const fleet = await gather()
    const asked = watch()
    const answers = await Promise.all(fleet.map(ask))
    expect(answers.flatMap(({ errors }) => errors)).toEqual([])
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
    expect(answers[0]?.token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(asked()).toEqual([200])
    // one that joins later asks Redis, and not IMS
    const [late] = await gather()
    expect(await ask(late as ChildProcess)).toEqual(answers[0])
    expect(asked()).toEqual([200])
  })

  test('goes on when the one that renews is killed: after its lease another one does', async () => {
    const fleet = await gather(3_000)
    const asked = watch()
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
})
