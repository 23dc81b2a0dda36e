import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ims, type ImsValidation, ValidationCache, type ValidationCacheLike } from '../../../src/core/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'

const hour = 3_600_000
const endpoint = 'https://ims.test'
// a digest of this kind takes no time, so that all who ask at once meet
const atOnce = (text: string) => text

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) })
})
afterEach(() => {
  vi.useRealTimers()
})

const tokenOf = (user: string, more: Record<string, unknown> = {}) =>
  unsignedToken({
    type: 'access_token',
    client_id: `client-of-${user}`,
    user_id: user,
    created_at: String(Date.now()),
    expires_in: String(24 * hour),
    ...more,
  })

/** IMS as far as validation goes: who is asked for is who is answered. */
function imsWithCache(cache: ValidationCacheLike, answer: (token: string) => unknown = answerFor) {
  const asked: string[] = []
  const fetch = async (_url: string, init: RequestInit) => {
    const token = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? ''
    asked.push(token)
    await Promise.resolve()
    return Response.json(answer(token))
  }
  return { asked, ims: new Ims({ endpoint, cache, fetch, retry: { retries: 0 } }) }
}

function answerFor(token: string) {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  if (String(claims.user_id).startsWith('bad')) return { valid: false, reason: `reason of ${claims.user_id}` }
  return { valid: true, token: { user_id: claims.user_id, client_id: claims.client_id } }
}

describe('validateToken with a cache', () => {
  it('works as documented', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10))
    const alice = tokenOf('alice')
    await expect(ims.validateToken(alice)).resolves.toMatchObject({ valid: true, token: { user_id: 'alice' } })
    await expect(ims.validateToken(alice)).resolves.toMatchObject({ valid: true, token: { user_id: 'alice' } })
    expect(asked).toHaveLength(1)
  })

  it('takes the cache as the second argument or as an option', async () => {
    const cache = new ValidationCache(hour, 10, 10)
    expect(new Ims('stage', cache).cache).toBe(cache)
    expect(new Ims({ cache }).cache).toBe(cache)
    expect(new Ims().cache).toBeUndefined()
  })

  it('never mixes users up, however they are interleaved (S97)', async () => {
    const { ims } = imsWithCache(new ValidationCache(hour, 50, 50))
    const users = ['alice', 'bob', 'bad-carol', 'bad-dave']
    const tokens = new Map(users.map((user) => [user, tokenOf(user)]))
    const check = async (user: string, way: number): Promise<void> => {
      const token = tokens.get(user) ?? ''
      const client = `client-of-${user}`
      const found: ImsValidation =
        way === 0
          ? await ims.validateToken(token)
          : way === 1
            ? await ims.validateTokenAllowList(token)
            : await ims.validateTokenAllowList(token, [client])
      const expected = user.startsWith('bad')
        ? { valid: false, reason: `reason of ${user}` }
        : { valid: true, token: { user_id: user, client_id: client } }
      expect(found).toEqual(expected)
    }
    for (let round = 0; round < 100; round++) {
      const batch = Array.from({ length: 10 }, (_, index) => (round * 7 + index * 3) % (users.length * 3))
      await Promise.all(batch.map((pick) => check(users[pick % users.length] ?? '', pick % 3)))
    }
  })

  it('keeps the reason of a refusal', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10))
    const bad = tokenOf('bad-eve')
    for (let time = 0; time < 3; time++) {
      await expect(ims.validateToken(bad)).resolves.toEqual({ valid: false, reason: 'reason of bad-eve' })
    }
    const alice = tokenOf('alice')
    const first = await ims.validateTokenAllowList(alice, [])
    expect(first.reason).toMatch(/allow list/)
    await expect(ims.validateTokenAllowList(alice, [])).resolves.toEqual(first)
    expect(asked).toEqual([bad, alice])
  })

  it('makes one request for concurrent misses of one token', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10))
    const [alice, bob] = [tokenOf('alice'), tokenOf('bob')]
    const found = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ims.validateToken(index % 2 === 0 ? alice : bob)),
    )
    expect(asked.sort()).toEqual([alice, bob].sort())
    expect(found.filter(({ token }) => token?.user_id === 'alice')).toHaveLength(50)
  })

  it('takes different questions for different', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 100, 100))
    const token = tokenOf('x')
    await ims.validateToken(token)
    await ims.validateToken(token, 'a')
    await ims.validateToken(token, 'a-b')
    await ims.validateTokenAllowList(token)
    await ims.validateTokenAllowList(token, ['a'])
    await ims.validateTokenAllowList(token, ['a', 'b'])
    await ims.validateTokenAllowList(token, ['a,b'])
    expect(asked).toHaveLength(7)
    const other = new Ims({
      endpoint: 'https://other.test',
      cache: ims.cache,
      fetch: async () => Response.json({ valid: true }),
    })
    await expect(other.validateToken(token)).resolves.toEqual({ valid: true })
  })

  it('a caller cannot change what the next caller gets', async () => {
    const { ims } = imsWithCache(new ValidationCache(hour, 10, 10))
    const alice = tokenOf('alice')
    for (let time = 0; time < 3; time++) {
      const found = await ims.validateToken(alice)
      expect(found).toEqual({ valid: true, token: { user_id: 'alice', client_id: 'client-of-alice' } })
      Object.assign(found, { valid: false })
      Object.assign(found.token ?? {}, { user_id: 'mallory' })
    }
  })

  it('does not remember an outage', async () => {
    let up = false
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10, atOnce), (token) =>
      up ? answerFor(token) : 'no JSON object',
    )
    const alice = tokenOf('alice')
    const failures = await Promise.all([failureOf(ims.validateToken(alice)), failureOf(ims.validateToken(alice))])
    for (const failure of failures) expect(failure).toMatchObject({ code: 'IMS_MALFORMED' })
    up = true
    await expect(ims.validateToken(alice)).resolves.toMatchObject({ valid: true })
    expect(asked).toHaveLength(2)
  })
})

describe('cached results expire', () => {
  it('after maxAge', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10))
    for (const token of [tokenOf('alice'), tokenOf('bad-eve')]) {
      asked.length = 0
      await ims.validateToken(token)
      vi.setSystemTime(Date.now() + hour - 1)
      await ims.validateToken(token)
      expect(asked).toHaveLength(1)
      vi.setSystemTime(Date.now() + 1)
      await ims.validateToken(token)
      expect(asked).toHaveLength(2)
    }
  })

  it('with the token itself (S97)', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10))
    const short = tokenOf('alice', { expires_in: '60000' })
    const standard = tokenOf('bob', { created_at: undefined, expires_in: undefined, exp: Date.now() / 1000 + 60 })
    for (const token of [short, standard]) await ims.validateToken(token)
    vi.setSystemTime(Date.now() + 59_999)
    for (const token of [short, standard]) await ims.validateToken(token)
    expect(asked).toHaveLength(2)
    vi.setSystemTime(Date.now() + 1)
    for (const token of [short, standard]) await ims.validateToken(token)
    expect(asked).toHaveLength(4)
  })

  it('but an expired token that was refused stays refused', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10))
    const old = tokenOf('bad-old', { created_at: '0', expires_in: '1' })
    for (let time = 0; time < 5; time++) await ims.validateToken(old)
    expect(asked).toHaveLength(1)
  })
})

describe('what is remembered is bounded', () => {
  const result = (status: number, name: string) => ({ status, name })
  const look = (cache: ValidationCache, name: string, status: number) => {
    let asked = 0
    const found = cache.validateWithCache(async (key: string) => {
      asked++
      return result(status, key)
    }, name)
    return found.then((value) => ({ value, asked }))
  }

  it('and a flood of invalid tokens evicts no valid one (S97)', async () => {
    const cache = new ValidationCache(hour, 3, 3)
    for (const name of ['a', 'b', 'c']) await look(cache, name, 200)
    for (let index = 0; index < 100; index++) await look(cache, `bad-${index}`, 401)
    for (const name of ['a', 'b', 'c']) expect((await look(cache, name, 200)).asked).toBe(0)
    expect((await look(cache, 'bad-99', 401)).asked).toBe(0)
    expect((await look(cache, 'bad-0', 401)).asked).toBe(1)
  })

  it('nor a flood of valid ones an invalid one (S97)', async () => {
    const cache = new ValidationCache(hour, 3, 3)
    await look(cache, 'bad', 403)
    for (let index = 0; index < 100; index++) await look(cache, `good-${index}`, 200)
    expect((await look(cache, 'bad', 403)).asked).toBe(0)
  })

  it('the least recently used goes first', async () => {
    const cache = new ValidationCache(hour, 3, 3)
    for (const name of ['a', 'b', 'c']) await look(cache, name, 200)
    await look(cache, 'a', 200)
    await look(cache, 'd', 200)
    expect((await look(cache, 'a', 200)).asked).toBe(0)
    expect((await look(cache, 'c', 200)).asked).toBe(0)
    expect((await look(cache, 'b', 200)).asked).toBe(1)
  })

  it('status 399 is valid and 400 is not', async () => {
    const cache = new ValidationCache(hour, 1, 1)
    await look(cache, 'valid', 399)
    await look(cache, 'invalid', 400)
    expect((await look(cache, 'valid', 399)).asked).toBe(0)
    expect((await look(cache, 'invalid', 400)).asked).toBe(0)
  })

  it.each([
    [-1, 1, 1, 'maxAge'],
    [Number.NaN, 1, 1, 'maxAge'],
    [1, -5, 1, 'maxValidEntries'],
    [1, 1, '5', 'maxInvalidEntries'],
    ['60000', 1, 1, 'maxAge'],
  ])('by numbers: not (%s, %s, %s)', (maxAge, valid, invalid, named) => {
    expect(() => new ValidationCache(maxAge as number, valid, invalid as number)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(named) }),
    )
  })
})

describe('limits that are missing or 0', () => {
  it.each([[], [undefined, undefined, undefined], [0, 0, 0], [null, null, null]])('are bounded', async (...limits) => {
    const cache = new ValidationCache(...(limits as number[]))
    let asked = 0
    const validate = (status: number) => async (_: string) => {
      asked++
      return { status }
    }
    await cache.validateWithCache(validate(200), 'a')
    await cache.validateWithCache(validate(200), 'a')
    expect(asked).toBe(1)
    for (let index = 0; index <= 20_000; index++) await cache.validateWithCache(validate(400), `bad ${index}`)
    asked = 0
    await cache.validateWithCache(validate(200), 'a')
    expect(asked).toBe(0)
    // as many as README of @adobe/aio-lib-ims suggests, so the first one has made room
    await cache.validateWithCache(validate(400), 'bad 0')
    expect(asked).toBe(1)
    vi.setSystemTime(Date.now() + 300_000)
    await cache.validateWithCache(validate(200), 'a')
    expect(asked).toBe(2)
  })
})

describe("a cache of the caller's own", () => {
  it('needs validateWithCache only, and gets what @adobe/aio-lib-ims gives it first', async () => {
    const asked: unknown[][] = []
    const cache = {
      validateWithCache: async (validate: (...params: unknown[]) => Promise<unknown>, ...params: unknown[]) => {
        asked.push(params)
        return validate(...params)
      },
    }
    const { ims, asked: sent } = imsWithCache(cache)
    const alice = tokenOf('alice')
    await expect(ims.validateToken(alice, 'c')).resolves.toMatchObject({ valid: true })
    await expect(ims.validateTokenAllowList(alice, ['x'])).resolves.toMatchObject({ valid: false })
    expect(asked).toEqual([
      [alice, 'c', ims.endpoint, 'token'],
      [alice, ['x'], ims.endpoint, 'allow-list'],
    ])
    expect(sent).toHaveLength(2)
  })

  it('that resolves to something else is BAD_OPTION', async () => {
    for (const answer of [undefined, null, {}, 5]) {
      const { ims } = imsWithCache({ validateWithCache: async () => answer })
      expect(await failureOf(ims.validateToken(tokenOf('alice')))).toMatchObject({ code: 'BAD_OPTION' })
    }
  })
})

describe('validateWithCache', () => {
  it('gives its parameters to the function and its result back whole', async () => {
    const cache = new ValidationCache(hour, 10, 10)
    const seen: unknown[][] = []
    const validate = async (...params: (string | number)[]) => {
      seen.push(params)
      return { status: 200, message: 'x', body: { deep: [1] } }
    }
    const whole = { status: 200, message: 'x', body: { deep: [1] } }
    await expect(cache.validateWithCache(validate, 'a', 5)).resolves.toEqual(whole)
    await expect(cache.validateWithCache(validate, 'a', 5)).resolves.toEqual(whole)
    await cache.validateWithCache(validate, 'a-5')
    await cache.validateWithCache(validate, 'a', '5')
    expect(seen).toEqual([['a', 5], ['a-5'], ['a', '5']])
  })

  it('passes a failure on to all who wait, and asks again the next time', async () => {
    const cache = new ValidationCache(hour, 10, 10, atOnce)
    const failure = new Error('down')
    let asked = 0
    const validate = async (_key: string): Promise<{ status: number }> => {
      asked++
      throw failure
    }
    const all = await Promise.all(Array.from({ length: 5 }, () => failureOf(cache.validateWithCache(validate, 'a'))))
    expect(all).toEqual(Array(5).fill(failure))
    expect(asked).toBe(1)
    await failureOf(cache.validateWithCache(validate, 'a'))
    expect(asked).toBe(2)
  })

  it('survives a function that throws at once', async () => {
    const cache = new ValidationCache(hour, 10, 10)
    const failure = new Error('sync')
    const validate = (): Promise<{ status: number }> => {
      throw failure
    }
    expect(await failureOf(cache.validateWithCache(validate))).toBe(failure)
    expect(await failureOf(cache.validateWithCache(validate))).toBe(failure)
  })
})

describe('keys', () => {
  it('contain no token: neither what is stored nor what is printed', async () => {
    const stored: unknown[] = []
    const original = Map.prototype.set
    const spy = vi.spyOn(Map.prototype, 'set').mockImplementation(function (this: Map<unknown, unknown>, key, value) {
      stored.push(key)
      return original.call(this, key, value)
    })
    const cache = new ValidationCache(hour, 10, 10)
    const { ims } = imsWithCache(cache)
    const [alice, eve] = [tokenOf('alice'), tokenOf('bad-eve')]
    await ims.validateToken(alice)
    await ims.validateToken(alice, 'client')
    await ims.validateTokenAllowList(eve, ['client'])
    spy.mockRestore()
    const keys = stored.filter((key) => typeof key === 'string')
    expect(keys.length).toBeGreaterThanOrEqual(6)
    const shown = `${inspect(cache, { showHidden: true, depth: 20 })}${inspect(ims, { showHidden: true, depth: 20 })}`
    for (const token of [alice, eve]) {
      for (const part of token.split('.')) {
        for (const key of keys) expect(key).not.toContain(part)
        expect(shown).not.toContain(part)
      }
    }
  })

  it('are as long as it takes for no two to be equal', async () => {
    const hashes = new Set<string>()
    const cache = new ValidationCache(hour, 10, 10, (text) => {
      hashes.add(text)
      return `digest ${hashes.size}`
    })
    const { ims } = imsWithCache(cache)
    await ims.validateToken(tokenOf('alice'), 'a')
    await ims.validateTokenAllowList(tokenOf('alice'), ['a'])
    expect(hashes.size).toBe(2)
  })
})
