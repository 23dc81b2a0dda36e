import { expect, onTestFinished, test, vi } from 'vitest'
import {
  authorizationCode,
  clientCredentials,
  createAuthHandler,
  createClient,
  durableLock,
  durableStore,
  durableTokens,
  type ImsError,
  kvStore,
  memoryStore,
  noLock,
  workerPlatform,
} from '../../../src/adapters/worker/index.ts'
import { rejection } from '../../core/setting.ts'
import { eventualKv } from '../eventual-kv.ts'

function stopTime() {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
}

test('a write that KV refuses as the second one of its key within a second is not lost', async () => {
  stopTime()
  const kv = eventualKv()
  const store = kvStore(kv.location())
  await store.set('key', 'first')
  const written = store.set('key', 'second')
  const deleted = written.then(() => store.delete('key'))
  await vi.advanceTimersByTimeAsync(1_500)
  await written
  expect(await store.get('key')).toBe('second')
  await vi.advanceTimersByTimeAsync(1_500)
  await deleted
  expect(await store.get('key')).toBeUndefined()
  expect(kv.refused()).toBe(2)
})

test('a write that KV refuses repeatedly finally fails', async () => {
  stopTime()
  let writes = 0
  const busy = {
    ...eventualKv().location(),
    put: async () => {
      writes++
      throw new Error('KV PUT failed: 429 Too Many Requests')
    },
  }
  const failed = rejection(kvStore(busy).set('key', 1))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(((await failed) as ImsError).code).toBe('STORE_FAILED')
  expect(writes).toBe(4)
})

test('KV may return a value from a minute ago, and every store that uses it is marked as such', async () => {
  stopTime()
  const kv = eventualKv()
  const [here, there] = [kv.location(), kv.location()]
  await kvStore(here).set('key', 'value')
  expect(await kvStore(there).get('key')).toBeUndefined()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await kvStore(there).get('key')).toBe('value')
  const namespace = { idFromName: (name: string) => name, get: () => ({ fetch: async () => new Response() }) }
  const lock = durableLock(namespace)
  expect([
    kvStore(here).consistency,
    workerPlatform({ kv: here }).store.consistency,
    workerPlatform({ kv: here, lock, waitUntil: () => {} }).store.consistency,
    workerPlatform({ store: memoryStore() }).store.consistency,
    durableStore(namespace).consistency,
    workerPlatform(durableTokens(namespace)).store.consistency,
    workerPlatform().store.consistency,
  ]).toEqual(['eventual', 'eventual', 'eventual', undefined, undefined, undefined, undefined])
  expect(workerPlatform({ kv: here, lock, waitUntil: () => {} }).lock.lease).toBe(10_000)
  expect(workerPlatform({ kv: here, waitUntil: () => {} }).lock.absent).toBe(true)
})

test('flows with refresh tokens are refused if a refresh token could be redeemed twice', () => {
  const kv = eventualKv().location()
  const namespace = { idFromName: (name: string) => name, get: () => ({ fetch: async () => new Response() }) }
  const lock = durableLock(namespace)
  const flow = authorizationCode({ clientId: 'site', scopes: ['openid'] })
  const waitUntil = () => {}
  const wrong = [
    { kv },
    { kv, lock },
    { kv, lock, waitUntil },
    { store: memoryStore() },
    { store: durableStore(namespace), waitUntil },
  ]
  for (const options of wrong)
    expect(() => createClient({ flow, ...workerPlatform(options) })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(/durableTokens.*noLock/) }),
    )
  const fine = [
    {},
    { waitUntil },
    { kv, lock: noLock },
    { kv, lock: noLock, waitUntil },
    { store: memoryStore(), lock: noLock },
    durableTokens(namespace),
    { ...durableTokens(namespace), waitUntil },
  ]
  for (const options of fine) expect(() => createClient({ flow, ...workerPlatform(options) })).not.toThrow()
  const machine = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: ['openid'] })
  for (const options of wrong) expect(() => createClient({ flow: machine, ...workerPlatform(options) })).not.toThrow()
})

test('sessions are refused if a refresh token could be redeemed twice', () => {
  const kv = eventualKv().location()
  const namespace = { idFromName: (name: string) => name, get: () => ({ fetch: async () => new Response() }) }
  const flow = authorizationCode({ clientId: 'site', scopes: ['openid'] })
  const site = { flow, sessionSecret: 'a secret of the tests with more than 32 bytes', origin: 'https://app.example' }
  const wrong = [
    { store: kvStore(kv) },
    { store: kvStore(kv), lock: durableLock(namespace) },
    { store: durableStore(namespace) },
  ]
  for (const options of wrong)
    expect(() => createAuthHandler({ ...site, ...options })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('durableTokens') }),
    )
  const fine = [{}, { store: kvStore(kv), lock: noLock }, { store: memoryStore() }, durableTokens(namespace)]
  for (const options of fine) expect(() => createAuthHandler({ ...site, ...options })).not.toThrow()
})
