import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, createClient, type Json, type Lock, UnavailableError } from '../../../src/core/index.ts'
import { freeHold, hour, publicFlow, rejection, settled, storedTokens } from '../setting.ts'
import { clock, emulator, nearExpiry, noReuse, on, refuse, serverClient, signedIn, types } from './emulated-session.ts'

describe('a store that fails', () => {
  const failures: [string, () => unknown][] = [
    ['with STORE_FAILED', () => new UnavailableError('STORE_FAILED', 'the disk is gone')],
    ['with an error of its own', () => new TypeError('secret-looking text of a foreign error')],
  ]
  test.each(failures)('to read, %s, is an event; the token is obtained', async (_, failure) => {
    on.store.before = (operation) => {
      if (operation === 'get') throw failure()
    }
    const client = serverClient()
    const token = await client.getToken()
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'reading the store' }))
    expect(JSON.stringify(on.events)).not.toContain('secret-looking')
    expect(await client.getToken()).toBe(token)
    expect(on.fetch.sent).toHaveLength(1)
  })

  test.each(failures)('to write, %s, is an event; the token is obtained and kept in memory', async (_, failure) => {
    on.store.before = (operation) => {
      if (operation === 'set') throw failure()
    }
    const client = serverClient()
    const token = await client.getToken()
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'writing the store' }))
    expect(await client.getToken()).toBe(token)
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('to write a successor, before the clock is put back: the earlier token that it has serves', async () => {
    const client = await signedIn()
    nearExpiry()
    const earlier = (await storedTokens(on.store))?.accessToken
    on.store.before = (operation, key) => {
      if (operation === 'set' && key.includes('tokens')) throw new UnavailableError('STORE_FAILED', 'the disk is gone')
    }
    let renewed: string | undefined
    const forced = client.getToken({ force: true }).then((token) => (renewed = token))
    while (renewed === undefined) {
      await settled()
      await clock.advance(100)
    }
    expect(await forced).not.toBe(earlier)
    clock.set(clock.now() - 2 * hour)
    on.store.before = (operation) => {
      if (operation === 'set') throw new UnavailableError('STORE_FAILED', 'the disk is gone')
    }
    expect(await client.getToken({ minValidity: 12 * hour })).toBe(earlier)
    noReuse()
  })

  test.each(['get', 'set'] as const)('at %s does not lose the refresh token in memory', async (broken) => {
    const client = await signedIn()
    on.store.before = (operation) => {
      if (operation === broken) throw new UnavailableError('STORE_FAILED', 'the disk is gone')
    }
    nearExpiry()
    for (let round = 0; round < 3; round++) expect(await client.getToken()).toEqual(expect.any(String))
    clock.set(clock.now() + hour)
    for (const options of [{}, { force: true }])
      expect(await rejection(client.getToken(options))).toMatchObject({
        name: 'UnavailableError',
        code: 'STORE_FAILED',
      })
    expect(on.fetch.sent).toHaveLength(0)
    on.store.before = () => undefined
    const token = await client.getToken()
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    noReuse()
  })

  test.each([
    ['get', 0],
    ['set', 1],
  ] as const)('at %s because of what the user must repair is reported', async (broken, sent) => {
    const error = new ConfigurationError('CONFIG_UNREADABLE', '.aio is no JSON; repair it')
    on.store.before = (operation) => {
      if (operation === broken) throw error
    }
    expect(await rejection(serverClient().getToken())).toBe(error)
    expect(on.fetch.sent).toHaveLength(sent)
  })

  test.each(['get', 'set'] as const)(
    'at %s and recovers is believed again when it says that it is empty',
    async (broken) => {
      const client = await signedIn()
      on.store.before = (operation) => {
        if (operation === broken) throw new UnavailableError('STORE_FAILED', 'the disk is gone')
      }
      nearExpiry()
      await client.getToken()
      on.store.before = () => undefined
      nearExpiry()
      await client.getToken()
      await createClient({ flow: publicFlow(emulator), ...on }).forget()
      nearExpiry()
      expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    },
  )

  test('to forget says so', async () => {
    const client = await signedIn()
    on.store.before = (operation) => {
      if (operation === 'delete') throw new UnavailableError('STORE_FAILED', 'read-only')
    }
    expect(await rejection(client.forget())).toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('a lock that fails', () => {
  const reasons: [string, unknown][] = [
    ['with STORE_FAILED', new UnavailableError('STORE_FAILED', 'no lock file')],
    ['with an error of its own', new TypeError('locks are denied here')],
  ]
  test.each(reasons)('to be taken, %s, is an event; the token is obtained', async (_, reason) => {
    const client = serverClient({ lock: () => Promise.reject(reason) })
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'locking' }))
  })

  test.each(reasons)('to be released, %s, is an event; the token is obtained, once', async (_, reason) => {
    const lock: Lock = async (_name, task) => {
      await task(freeHold)
      throw reason
    }
    const client = serverClient({ lock })
    expect(await client.getToken()).toEqual(expect.any(String))
    expect(on.fetch.sent).toHaveLength(1)
    expect(on.events).toContainEqual(expect.objectContaining({ type: 'error', during: 'locking' }))
  })

  test('because of what the user must repair is reported', async () => {
    const error = new ConfigurationError('CONFIG_UNREADABLE', 'the directory is read-only')
    expect(await rejection(serverClient({ lock: () => Promise.reject(error) }).getToken())).toBe(error)
    expect(on.fetch.sent).toHaveLength(0)
  })

  test('to run its task once runs it once', async () => {
    const lock: Lock = async (_name, task) => {
      await task(freeHold)
      return task(freeHold)
    }
    await serverClient({ lock }).getToken()
    expect(on.fetch.sent).toHaveLength(1)
  })

  test('passes a failure of the work on as it is, without an event about locks', async () => {
    refuse('invalid_scope')
    expect(await rejection(serverClient().getToken())).toMatchObject({ imsError: 'invalid_scope' })
    expect(types()).not.toContain('error')
  })
})

describe('what is stored may have been written by anyone (S98)', () => {
  const hostile: Json[] = [
    'text',
    '',
    0,
    true,
    null,
    [],
    [{ accessToken: 'evil', expiresAt: 9e15 }],
    {},
    { accessToken: 'evil' },
    { accessToken: 'evil', expiresAt: '9999999999999' },
    { accessToken: 'evil', expiresAt: null },
    { accessToken: ['evil'], expiresAt: 9e15 },
    { accessToken: '', expiresAt: 9e15 },
    { accessToken: { toString: 'evil' }, expiresAt: 9e15 },
    { accessToken: 'evil', expiresAt: 1, obtainedAt: 9e15 },
    { accessToken: 'evil', expiresAt: 1, obtainedAt: -9e15 },
    JSON.parse('{"__proto__":{"accessToken":"evil","expiresAt":9000000000000000}}'),
    JSON.parse('{"constructor":{"prototype":{"accessToken":"evil","expiresAt":9000000000000000}}}'),
    { accessToken: 'evil', expiresAt: 0, refreshToken: { evil: true } },
  ]
  test.each(hostile.map((value) => [JSON.stringify(value), value] as const))('%s is ignored', async (_, value) => {
    await serverClient().getToken()
    const [key = ''] = await on.store.keys('')
    await on.store.set(key, value)
    const token = await serverClient().getToken()
    expect(token).not.toBe('evil')
    expect((await storedTokens(on.store))?.accessToken).toBe(token)
    expect(({} as { accessToken?: unknown }).accessToken).toBeUndefined()
  })

  test('any JSON at all: a token comes, and Object.prototype stays clean (S98)', async () => {
    await serverClient().getToken()
    const [key = ''] = await on.store.keys('')
    const field = fc.constantFrom(
      'accessToken',
      'expiresAt',
      'obtainedAt',
      'refreshToken',
      'scopes',
      'claims',
      '__proto__',
    )
    const stored = fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue()))
    const keys = Reflect.ownKeys(Object.prototype).length
    await fc.assert(
      fc.asyncProperty(stored, async (value) => {
        await on.store.set(key, value as Json)
        const client = serverClient({ fetch: async () => Response.json({ access_token: 'good', expires_in: 86_400 }) })
        const { accessToken: token, scopes } = await client.getTokens()
        expect(typeof token).toBe('string')
        expect(scopes === undefined || scopes.every((scope) => typeof scope === 'string')).toBe(true)
        expect(Reflect.ownKeys(Object.prototype).length).toBe(keys)
      }),
      { numRuns: 200 },
    )
  })
})
