import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Clock, type IoredisLike, type RedisLike, redisLock, systemClock } from '../../src/core/index.ts'
import { lockWait, renewalLimit } from '../../src/core/session/times.ts'
import { fakeClock } from '../../src/testing/index.ts'
import { gate, rejection, settled } from './setting.ts'

// what depends on a client; with a real Redis: test/proof/redis.test.ts

afterEach(() => vi.restoreAllMocks())

type Answer = (script: string, key: string, id: string) => Promise<unknown>

/** A client in the shape of ioredis whose answers the test gives. */
function clientWith(answer: Answer) {
  const asked: string[] = []
  const client: IoredisLike = {
    status: 'ready',
    eval: (script: string, count: number, ...rest: string[]): Promise<unknown> => {
      const kind = /"(set|exists|del|pexpire)", KEYS\[(?:1|2)\]/.exec(script)?.[1] ?? ''
      asked.push(script.includes('"NX"') ? 'acquire' : kind === 'set' ? 'release' : kind)
      return answer(asked.at(-1) ?? '', rest[0] ?? '', rest[count] ?? '')
    },
  }
  return { client, asked }
}

describe('redisLock refuses', () => {
  const callbacks = { connected: true, eval: (): boolean => true, EVAL: (): boolean => true }
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a URL', 'redis://127.0.0.1:6379'],
    ['a client without eval', { status: 'ready' }],
    ['a client of redis 3', callbacks],
    ['a client of another library', { eval: async (): Promise<number> => 1, set: async () => 'OK' }],
    ['a function', Object.assign(() => {}, { eval: async () => 1, status: 'ready' })],
  ])('%s', (_, client) => {
    expect(() => redisLock(client as unknown as RedisLike)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'BAD_OPTION' }),
    )
  })

  test.each([true, undefined])('a client that returns %s instead of a promise', async (result) => {
    const client = { isOpen: true, eval: () => result } as unknown as RedisLike
    const task = vi.fn(async () => {})
    expect(await rejection(redisLock(client)('name', task))).toMatchObject({ code: 'BAD_OPTION' })
    expect(task).not.toHaveBeenCalled()
  })

  test.each([9_999, 0, -1, 10_000.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '20000' as unknown as number])(
    'a lease of %s',
    (lease) => {
      const { client } = clientWith(async () => 1)
      expect(() => redisLock(client, { lease })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    },
  )
})

test('redisLock says how long its lease is', () => {
  const { client } = clientWith(async () => 1)
  expect(redisLock(client).lease).toBe(10_000)
  expect(redisLock(client, { lease: 30_000 }).lease).toBe(30_000)
})

test('redisLock talks to both kinds of clients in their own way', async () => {
  const calls: unknown[][] = []
  const evaluate = async (...call: unknown[]) => {
    calls.push(call)
    return 1
  }
  await redisLock({ status: 'ready', eval: evaluate })('a {b}', async () => {})
  await redisLock({ isOpen: true, eval: evaluate })('a {b}', async () => {})
  const key = 'imskit:lock:{a %7Bb%7D}'
  expect(calls[0]).toEqual([expect.stringContaining('"NX"'), 1, key, expect.any(String), '10000'])
  expect(calls[2]).toEqual([expect.stringContaining('"NX"'), { keys: [key], arguments: [expect.any(String), '10000'] }])
  const ended = expect.stringMatching(/^imskit:lock:\{a %7Bb%7D\}:ended:[\w-]+$/)
  expect(calls[1]?.slice(1, 4)).toEqual([2, key, ended])
  expect(calls[3]?.[1]).toMatchObject({ keys: [key, ended] })
})

describe('if Redis fails, redisLock', () => {
  const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.sig`
  const failure = () =>
    Promise.reject(Object.assign(new Error(`EVAL ${token}`), { code: 'ECONNREFUSED', command: { args: [token] } }))

  test.each<[string, Answer]>([
    ['rejects', failure],
    [
      'throws',
      () => {
        throw new Error(`closed ${token}`)
      },
    ],
    ['answers something else', async () => 'QUEUED'],
    ['answers nothing', async () => null],
  ])('rejects with STORE_FAILED and a safe cause when the client %s', async (_, answer) => {
    const { client } = clientWith(answer)
    const task = vi.fn(async () => {})
    const error = await rejection(redisLock(client)('name', task))
    expect(error).toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED', cause: expect.any(Error) })
    expect(JSON.stringify([error, (error as Error).cause, String((error as Error).cause)])).not.toContain('eyJ')
    expect(task).not.toHaveBeenCalled()
  })

  test('waits for an answer for a limited time only, and gives up what may still be acquired', async () => {
    const clock = fakeClock()
    const late = gate()
    const { client, asked } = clientWith(async (kind) => {
      if (kind === 'acquire') await late.opened
      return 1
    })
    const failed = rejection(redisLock(client, { clock })('name', async () => {}))
    await clock.advance(4_900)
    expect(asked).toEqual(['acquire'])
    await clock.advance(200)
    expect(await failed).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('5000 ms') })
    expect(asked).toEqual(['acquire', 'del'])
  })

  test('stillHeld rejects instead of guessing, and hasEnded knows nothing', async () => {
    let broken = false
    const { client } = clientWith((_kind) => (broken ? failure() : Promise.resolve(1)))
    const result = await redisLock(client)('name', async ({ stillHeld, hasEnded }) => {
      expect(await stillHeld()).toBe(true)
      broken = true
      expect(await rejection(stillHeld())).toMatchObject({ code: 'STORE_FAILED' })
      return hasEnded?.('any')
    })
    expect(result).toBe(false)
  })

  test('returns the result of its task, also if the release is never answered', async () => {
    const clock = fakeClock()
    const { client, asked } = clientWith(async (kind) => (kind === 'release' ? new Promise(() => {}) : 1))
    const done = redisLock(client, { clock })('name', async () => 'done')
    await vi.waitFor(() => expect(asked).toContain('release'))
    await clock.advance(1_100)
    expect(await done).toBe('done')
  })
})

describe('a waiter for redisLock', () => {
  test('gives up when other processes have held the lock for a lease and a whole renewal', async () => {
    for (const lease of [10_000, 90_000]) {
      const clock = fakeClock()
      const { client, asked } = clientWith(async () => 0)
      let error: unknown
      const waiting = rejection(redisLock(client, { clock, lease })('name', async () => {})).then((why) => {
        error = why
      })
      await clock.advance(Math.max(lockWait, lease + renewalLimit) - 1_000)
      expect(error).toBeUndefined()
      await clock.advance(2_000)
      await waiting
      expect(error).toMatchObject({ name: 'UnavailableError', code: 'TIMEOUT' })
      expect(asked.at(-1)).toBe('del')
    }
  })

  test('that stood still for an hour neither gives up nor takes over', async () => {
    const { clock, standStill } = stoppableClock()
    let free = false
    const { client, asked } = clientWith(async () => (free ? 1 : 0))
    const task = vi.fn(async () => 'got it')
    const waiting = redisLock(client, { clock })('name', task)
    for (let times = 0; times < 5; times++) {
      await standStill(3_600_000)
      const before = asked.length
      await vi.waitFor(() => expect(asked.length).toBeGreaterThan(before))
    }
    expect(task).not.toHaveBeenCalled()
    free = true
    expect(await waiting).toBe('got it')
  })

  test('whose answer was read after the lease asks again before its task runs', async () => {
    const { clock, standStill } = stoppableClock()
    let answers = 0
    const { client, asked } = clientWith(async (kind) => {
      if (kind === 'acquire' && ++answers === 1) await standStill(11_000)
      // meanwhile another process has acquired and released it
      return kind === 'acquire' && answers === 2 ? 0 : 1
    })
    await redisLock(client, { clock })('name', async () => {
      expect(asked).toEqual(['acquire', 'acquire', 'acquire'])
    })
  })

  test('that leaves withdraws, even if Redis grants the lock afterwards', async () => {
    const granted = gate()
    const { client, asked } = clientWith(async (kind) => {
      if (kind === 'acquire') await granted.opened
      return 1
    })
    const leaving = new AbortController()
    const task = vi.fn(async () => {})
    const left = rejection(redisLock(client)('name', task, leaving.signal))
    const reason = new Error('mine')
    leaving.abort(reason)
    expect(await left).toBe(reason)
    expect(asked).toEqual(['acquire'])
    granted.open()
    await settled()
    await vi.waitFor(() => expect(asked).toEqual(['acquire', 'del']))
    expect(task).not.toHaveBeenCalled()
  })

  test('never asks in step with the others', async () => {
    const pauses: number[] = []
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms, signal) => {
        pauses.push(ms)
        await (ms === 500 ? systemClock.sleep(ms, signal) : settled())
      },
    }
    let left = 20
    const { client } = clientWith(async () => (--left > 0 ? 0 : 1))
    await redisLock(client, { clock })('name', async () => {})
    const waits = pauses.filter((ms) => ms !== 500 && ms < 200)
    expect(new Set(waits).size).toBe(waits.length)
    expect(Math.max(...waits)).toBeLessThanOrEqual(150)
  })
})

test('a holder extends its lease until its task ends', async () => {
  const clock = fakeClock()
  const { client, asked } = clientWith(async () => 1)
  const held = gate()
  const holding = redisLock(client, { clock })('name', () => held.opened)
  await clock.advance(0)
  await clock.advance(9_000)
  expect(asked.slice(1)).toEqual(['pexpire', 'pexpire'])
  await clock.advance(20_000)
  expect(asked.length).toBeGreaterThanOrEqual(8)
  held.open()
  await clock.advance(0)
  await holding
  const after = asked.length
  await clock.advance(60_000)
  expect(asked.length).toBe(after)
})

/** The runtime's clock, for a process that can be stopped: its timers ring once it goes on. */
function stoppableClock() {
  let stopped = 0
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + stopped,
    monotonic: () => performance.now() + stopped,
  }
  const standStill = async (ms: number) => {
    stopped += ms
  }
  return { clock, standStill }
}
