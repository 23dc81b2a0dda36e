import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  aesEncryption,
  type ImsError,
  type KvNamespace,
  kvStore,
  workerPlatform,
} from '../../../src/adapters/worker/index.ts'
import { rejection } from '../../core/setting.ts'
import { type RunningWorker, startSharedWorker } from '../workerd.ts'

// over a real KV namespace, that of workerd's own simulator

const namespaces = Array.from({ length: 30 }, (_, index) => `KV${index}`)
let worker: RunningWorker
let kv: KvNamespace
beforeAll(async () => {
  worker = await startSharedWorker({ fixture: 'empty', kv: namespaces })
  return worker.end
})
beforeEach(async () => {
  // a new one for each test
  kv = (await worker.miniflare.getKVNamespace(namespaces.pop() ?? '')) as unknown as KvNamespace
})

const secret = 'a-secret-of-more-than-32-characters'
const minute = 60_000

interface Listed {
  readonly name: string
  readonly expiration?: number
}
const listed = async () => (await kv.list()).keys as readonly Listed[]
const textOf = async (name: string) => (await kv.get(name, 'text')) ?? ''

describe('entries', () => {
  test('expire with their values, and in KV itself after a minute at the earliest', async () => {
    const store = kvStore(kv)
    const now = Date.now()
    await store.set('long', 1, now + 60 * minute)
    await store.set('short', 2, now + 5_000)
    await store.set('endless', 3)
    const ends = new Map((await listed()).map(({ name, expiration }) => [name, expiration]))
    expect(ends.get('imskit/long')).toBe(Math.ceil((now + 60 * minute) / 1000))
    expect(ends.get('imskit/short')).toBeGreaterThanOrEqual(now / 1000 + 60)
    expect(ends.get('imskit/endless')).toBeUndefined()
    expect(await store.get('short')).toBe(2)
    await expect.poll(() => store.get('short'), { timeout: 20_000 }).toBeUndefined()
    expect(await store.keys('')).not.toContain('short')
    // KV still has it, until its minute has passed
    expect(await textOf('imskit/short')).not.toBe('')
  })

  test('that have expired before they are written are not written', async () => {
    const store = kvStore(kv)
    await store.set('key', 1)
    await store.set('key', 2, Date.now() - 1)
    expect(await listed()).toEqual([])
  })

  test('have names of at most 512 bytes, whatever the key', async () => {
    const store = kvStore(kv)
    const keys = [
      'k'.repeat(505),
      'k'.repeat(506),
      'k'.repeat(5_000),
      'ü'.repeat(252),
      'ü'.repeat(253),
      '#',
      '#a',
      'a#',
    ]
    for (const [index, key] of keys.entries()) await store.set(key, index)
    for (const [index, key] of keys.entries()) expect(await store.get(key)).toBe(index)
    for (const { name } of await listed()) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(512)
    expect((await store.keys('')).sort()).toEqual([...keys].sort())
    expect((await store.keys('k')).sort()).toEqual(keys.filter((key) => key.startsWith('k')).sort())
    expect(await store.keys('k'.repeat(4_000))).toEqual(['k'.repeat(5_000)])
    for (const key of keys) await store.delete(key)
    expect(await listed()).toEqual([])
  })

  test('with a long name are read under their own key only', async () => {
    const store = kvStore(kv)
    const [mine, other] = ['k'.repeat(600), 'o'.repeat(600)]
    await store.set(mine, 'mine')
    const [{ name = '' } = {}] = await listed()
    await store.set(other, 'of another key')
    const names = (await listed()).map((each) => each.name)
    const otherName = names.find((each) => each !== name) ?? ''
    await kv.put(name, await textOf(otherName))
    expect(await store.get(mine)).toBeUndefined()
    expect(await store.get(other)).toBe('of another key')
  })

  test('are listed beyond one page', async () => {
    const store = kvStore(kv)
    const keys = Array.from({ length: 1_100 }, (_, index) => `many/${String(index).padStart(4, '0')}`)
    for (let at = 0; at < keys.length; at += 100)
      await Promise.all(keys.slice(at, at + 100).map((key) => store.set(key, 1)))
    expect((await store.keys('many/')).sort()).toEqual(keys)
  })

  test('of one prefix are not those of another', async () => {
    await kvStore(kv, { prefix: 'a/' }).set('key', 1)
    expect(await kvStore(kv, { prefix: 'b/' }).get('key')).toBeUndefined()
    expect(await kvStore(kv, { prefix: 'b/' }).keys('')).toEqual([])
  })

  test('that are larger than KV takes are refused, with their size', async () => {
    const failure = (await rejection(kvStore(kv).set('key', 'x'.repeat(26 * 1024 * 1024)))) as ImsError
    expect([failure.code, failure.message]).toEqual(['BAD_OPTION', expect.stringContaining('25 MiB')])
  })

  test.each(['', '{', '7', 'null', '[]', '{"value":1,"expiresAt":1}', '{"__proto__":{"value":1}}'])(
    'that another program wrote are ignored: %s',
    async (text) => {
      await kv.put('imskit/key', text)
      expect(await kvStore(kv).get('key')).toBeUndefined()
      expect(await kvStore(kv, { encryption: aesEncryption(secret) }).get('key')).toBeUndefined()
    },
  )
})

test('wrong options are refused when the store is created', () => {
  const wrong: [() => unknown, RegExp][] = [
    [() => kvStore(undefined as never), /binding/],
    [() => kvStore({} as never), /binding/],
    [() => workerPlatform({ kv: undefined as never }), /kv is undefined/],
    [() => workerPlatform({ ctx: undefined as never }), /ctx is undefined/],
    [() => kvStore(kv, { encryption: secret as never }), /encryption must have encrypt, decrypt/],
    [() => kvStore(kv, { encryption: {} as never }), /encryption must have encrypt, decrypt/],
    [() => workerPlatform({ kv, encryption: secret as never }), /encryption must have encrypt, decrypt/],
    [() => kvStore(kv, { encryptionKey: secret } as never), /no option 'encryptionKey'/],
    [() => kvStore(kv, { prefix: 'p'.repeat(257) }), /prefix/],
    [() => kvStore(kv, { prefix: 7 as never }), /prefix/],
  ]
  for (const [make, message] of wrong) {
    let thrown: unknown
    try {
      make()
    } catch (error) {
      thrown = error
    }
    expect((thrown as ImsError).code).toBe('BAD_OPTION')
    expect((thrown as ImsError).message).toMatch(message)
    expect((thrown as ImsError).message).not.toContain(secret)
  }
})

test('a namespace that fails is STORE_FAILED, whatever was asked, and shows no secret', async () => {
  const fail = async () => {
    throw new Error('KV PUT failed: 429 Too Many Requests for Bearer canary-token-of-someone')
  }
  const store = kvStore({ get: fail, put: fail, delete: fail, list: fail })
  for (const ask of [() => store.get('k'), () => store.set('k', 1), () => store.delete('k'), () => store.keys('k')]) {
    const failure = (await rejection(ask())) as ImsError
    expect([failure.name, failure.code]).toEqual(['UnavailableError', 'STORE_FAILED'])
    expect(`${failure.message} ${(failure.cause as Error).message}`).toContain('429')
    expect(`${failure.message} ${(failure.cause as Error).message}`).not.toContain('canary')
  }
})
