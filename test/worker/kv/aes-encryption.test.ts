import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aesEncryption, type KvNamespace, kvStore } from '../../../src/adapters/worker/index.ts'
import { failureOf } from '../../core/scripted-server.ts'
import { type RunningWorker, startSharedWorker } from '../workerd.ts'

const secret = 'a-secret-of-more-than-32-characters'
const older = 'another-secret-of-more-than-32-characters'
const unknown = 'a-secret-that-this-worker-does-not-have'

describe('the secret', () => {
  test.each([undefined, null, '', 'short', [], [secret, 'short'], [secret, undefined], 32, {}])(
    '%j is BAD_OPTION',
    async (wrong) => {
      const error = await failureOf((async () => aesEncryption(wrong as never))())
      expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('aesEncryption') })
      expect((error as Error).message).not.toContain(secret)
    },
  )

  test('is read once: a later change of the array has no effect', async () => {
    const secrets = [secret]
    const encryption = aesEncryption(secrets)
    secrets[0] = unknown
    expect(await aesEncryption(secret).decrypt(await encryption.encrypt('text', 'name'), 'name')).toBe('text')
  })
})

// over a real KV namespace, that of workerd's own simulator
describe('values in KV', () => {
  const value = { accessToken: 'canary-token', refreshToken: 'canary-refresh' }
  const namespaces = Array.from({ length: 10 }, (_, index) => `KV${index}`)
  let worker: RunningWorker
  let kv: KvNamespace
  beforeAll(async () => {
    worker = await startSharedWorker({ fixture: 'empty', kv: namespaces })
    return worker.end
  })
  beforeEach(async () => {
    // an empty one for each test
    kv = (await worker.miniflare.getKVNamespace(namespaces.pop() ?? '')) as unknown as KvNamespace
  })
  const textOf = async (name: string) => (await kv.get(name, 'text')) ?? ''
  const storeWith = (secrets: string | readonly string[]) => kvStore(kv, { encryption: aesEncryption(secrets) })

  test('do not show what they hold, and no two are equal', async () => {
    const store = storeWith(secret)
    await store.set('key', value)
    const first = await textOf('imskit/key')
    await store.set('key', value)
    expect(await textOf('imskit/key')).not.toBe(first)
    expect(Buffer.from(first, 'base64url').toString('latin1') + first).not.toMatch(/canary|Token/)
    expect(await store.get('key')).toEqual(value)
  })

  test('are decrypted with every secret, and encrypted with the first', async () => {
    await storeWith(older).set('key', value)
    const both = storeWith([secret, older])
    expect(await both.get('key')).toEqual(value)
    await both.set('key', value)
    expect(await storeWith(secret).get('key')).toEqual(value)
    expect(await storeWith(older).get('key')).toBeUndefined()
  })

  test('count as missing without the secret, or after a change', async () => {
    const store = storeWith(secret)
    await store.set('key', value)
    const encrypted = await textOf('imskit/key')
    expect(await storeWith(unknown).get('key')).toBeUndefined()
    expect(await kvStore(kv).get('key')).toBeUndefined()
    const flipped = `${encrypted.slice(0, -2)}${encrypted.at(-2) === 'A' ? 'B' : 'A'}${encrypted.at(-1)}`
    const damaged = [flipped, encrypted.slice(0, -4), `${encrypted}.a`, encrypted.replace('v1', 'v2')]
    for (const text of [...damaged, JSON.stringify({ value }), 'v1..', 'v1.!.!', 'v1']) {
      await kv.put('imskit/key', text)
      expect(await store.get('key')).toBeUndefined()
    }
  })

  test('cannot be moved to another key', async () => {
    const store = storeWith(secret)
    await store.set('mine', value)
    await kv.put('imskit/yours', await textOf('imskit/mine'))
    expect(await store.get('yours')).toBeUndefined()
  })

  test('are stored as they are without encryption', async () => {
    await kvStore(kv).set('key', value)
    expect(JSON.parse(await textOf('imskit/key'))).toEqual({ value })
  })
})
