import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { fileLock } from '../../../src/adapters/node/files/lock-file.ts'
import { fileStore } from '../../../src/adapters/node/files/store-file.ts'
import { createNodeIms, keychainStore, nodePlatform } from '../../../src/adapters/node/index.ts'
import { createKeychain } from '../../../src/adapters/node/keychain/keychain.ts'
import { KeychainAbsent, type KeychainEntry, openEntry } from '../../../src/adapters/node/keychain/keyring.ts'
import { createKeychainStore } from '../../../src/adapters/node/keychain/store-keychain.ts'
import { type Clock, createClient, refreshToken, systemClock } from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'
import { fakeClock, storeContract } from '../../../src/testing/index.ts'
import { rejection, serverFlow } from '../../core/setting.ts'

// the real secret service is in test/world/keychain.test.ts

const root = mkdtempSync(join(tmpdir(), 'imskit-keychain-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const tokenKey = (name: string) => `imskit/tokens/${JSON.stringify(['https://ims.example', name, null, null])}`
const tokens = { accessToken: 'access-of-user', refreshToken: 'refresh-of-user', expiresAt: 4e12, obtainedAt: 1 }

/** A keychain that several processes share; `fail` is what its operations reject with. */
function keychainWith(password?: string) {
  const system = {
    password,
    fail: undefined as Error | undefined,
    absent: false,
    written: 0,
    /** Runs in each operation. */
    before: (): unknown => undefined,
    open(): KeychainEntry {
      if (system.absent) throw new KeychainAbsent('the keychain is not available')
      return {
        async getPassword() {
          await system.before()
          if (system.fail) throw system.fail
          return system.password ?? null
        },
        async setPassword(password) {
          await system.before()
          if (system.fail) throw system.fail
          system.written++
          system.password = password
        },
      }
    },
  }
  return system
}

let place: string
let system: ReturnType<typeof keychainWith>
let reasons: string[]
beforeEach(() => {
  place = mkdtempSync(join(root, 'medium-'))
  system = keychainWith()
  reasons = []
})

/** A store as another process would have it. */
function newStore(clock: Clock = systemClock) {
  const lock = fileLock({ directory: join(place, 'locks') })
  const keychain = createKeychain({ open: system.open, lock, clock })
  const files = fileStore({ directory: join(place, 'tokens') })
  return createKeychainStore({ files, keychain, lock, onDegraded: (reason) => reasons.push(reason) })
}
const plainStore = () => fileStore({ directory: join(place, 'tokens') })
const onDisk = () => {
  const directory = join(place, 'tokens')
  return readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
}

describe('the contract', () => {
  const places = { tokens: '' }
  storeContract(test, {
    makeStore: () => {
      places.tokens = join(place, 'tokens')
      return newStore()
    },
    damage: () => {
      for (const name of readdirSync(places.tokens)) writeFileSync(join(places.tokens, name), '{"key":"dam')
    },
    makeFailing: () => {
      writeFileSync(join(place, 'tokens'), 'not a directory')
      return newStore()
    },
  })
})

describe('the contract without a keychain', () => {
  storeContract(test, {
    makeStore: () => {
      system.absent = true
      return newStore()
    },
  })
})

describe('with a keychain', () => {
  test('another process reads what was stored, and no file has it as text', async () => {
    await newStore().set(tokenKey('a'), tokens, 4e12)
    expect(onDisk().join()).not.toMatch(/access-of-user|refresh-of-user/)
    expect(await newStore().get(tokenKey('a'))).toEqual(tokens)
    expect(reasons).toEqual([])
  })

  test('processes that start at the same time create one key', async () => {
    const stores = Array.from({ length: 8 }, newStore)
    await Promise.all(stores.map((store, index) => store.set(tokenKey(`${index}`), index)))
    expect(system.written).toBe(1)
    for (const index of stores.keys()) expect(await newStore().get(tokenKey(`${index}`))).toBe(index)
  })

  test('an encrypted value is valid for its own key only', async () => {
    await newStore().set(tokenKey('a'), tokens)
    const [stolen = ''] = onDisk()
    await newStore().set(tokenKey('b'), 'other')
    const { key, ...rest } = JSON.parse(stolen)
    expect(key).toBe(tokenKey('a'))
    await plainStore().set(tokenKey('b'), rest.value)
    expect(await newStore().get(tokenKey('b'))).toBeUndefined()
    expect(reasons).toEqual(['unreadable entry'])
  })

  test('a keychain that was reset: what it encrypted is missing, and what is stored now is read by all', async () => {
    const running = newStore()
    await running.set(tokenKey('a'), tokens)
    system.password = undefined
    expect(await newStore().get(tokenKey('a'))).toBeUndefined()
    await newStore().set(tokenKey('a'), 'new')
    expect(await running.get(tokenKey('a'))).toBe('new')
    expect(reasons).toEqual(['unreadable entry'])
  })
})

describe('a keychain that fails', () => {
  const failures: readonly (readonly [string, () => void, string])[] = [
    ['is absent', () => (system.absent = true), 'the keychain is not available'],
    [
      'is locked or denies access',
      () => (system.fail = new Error('unlock prompt was dismissed')),
      'the keychain is locked or denies access',
    ],
  ]
  test.each(failures)('that %s: values are stored in files, with one event', async (_, breakIt, reason) => {
    breakIt()
    const store = newStore()
    await store.set(tokenKey('a'), tokens)
    await store.set(tokenKey('b'), tokens)
    expect(await newStore().get(tokenKey('a'))).toEqual(tokens)
    expect(reasons.filter((each) => each === reason).length).toBeGreaterThan(0)
    expect(new Set(reasons)).toEqual(new Set([reason]))
  })

  test.each(failures)('that %s: an encrypted value is unknown, not missing', async (_, breakIt, reason) => {
    await newStore().set(tokenKey('a'), tokens)
    breakIt()
    const error = await rejection(newStore().get(tokenKey('a')))
    expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(reason) })
    expect(error).toMatchObject({ message: expect.stringContaining('Unlock the keychain') })
    expect(reasons).toEqual([reason])
  })

  test('works again after a pause, and then encrypts', async () => {
    const clock = fakeClock()
    system.fail = new Error('locked')
    const store = newStore(clock)
    await store.set(tokenKey('a'), tokens)
    system.fail = undefined
    await store.set(tokenKey('a'), tokens)
    expect(onDisk().join()).toContain('access-of-user')
    await clock.advance(10_000)
    await store.set(tokenKey('a'), tokens)
    expect(onDisk().join()).not.toContain('access-of-user')
    expect(await store.get(tokenKey('a'))).toEqual(tokens)
  })

  test('asks the user for a password: callers do not wait for longer than 8 s, and the answer counts later', async () => {
    const clock = fakeClock()
    await newStore().set(tokenKey('a'), tokens)
    let answer = () => {}
    const asked = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)))
    system.before = asked
    const store = newStore(clock)
    const first = rejection(store.get(tokenKey('a')))
    await vi.waitUntil(() => asked.mock.calls.length > 0)
    await clock.advance(8_000)
    expect(await first).toMatchObject({ code: 'STORE_FAILED', details: { reason: 'the keychain does not answer' } })
    // what comes meanwhile neither waits nor opens another prompt
    expect(await rejection(store.get(tokenKey('a')))).toMatchObject({ code: 'STORE_FAILED' })
    expect(asked).toHaveBeenCalledTimes(1)
    answer()
    await vi.waitUntil(async () => (await store.get(tokenKey('a')).catch(() => undefined)) !== undefined)
    expect(asked).toHaveBeenCalledTimes(1)
  })

  test('errors and reasons do not repeat what the keychain said', async () => {
    await newStore().set(tokenKey('a'), tokens)
    system.fail = new Error('account jane@example.com')
    const error = await rejection(newStore().get(tokenKey('a')))
    expect(JSON.stringify([error, String(error), reasons])).not.toContain('jane')
  })
})

describe('migration from files', () => {
  test('tokens that were stored unencrypted are read at once and then encrypted', async () => {
    await plainStore().set(tokenKey('a'), tokens)
    await plainStore().set(tokenKey('b'), { ...tokens, refreshToken: '' }, 4e12)
    expect(await newStore().get(tokenKey('a'))).toEqual(tokens)
    await vi.waitUntil(() => !onDisk().join().includes('access-of-user'))
    expect(await newStore().get(tokenKey('a'))).toEqual(tokens)
    expect(onDisk().map((text) => JSON.parse(text).expiresAt)).toContain(4e12)
  })

  test('an entry whose session is renewing is not written over', async () => {
    await plainStore().set(tokenKey('a'), tokens)
    const lock = fileLock({ directory: join(place, 'locks') })
    let release = () => {}
    const held = lock(tokenKey('a'), () => new Promise<void>((resolve) => (release = resolve)))
    await vi.waitUntil(() => readdirSync(place).includes('locks') && readdirSync(join(place, 'locks')).length > 0)
    expect(await newStore().get(tokenKey('a'))).toEqual(tokens)
    await vi.waitUntil(() => system.written === 1)
    await plainStore().set(tokenKey('a'), { ...tokens, accessToken: 'renewed' })
    release()
    await held
    await vi.waitUntil(() => !onDisk().join().includes('renewed'))
    expect(await newStore().get(tokenKey('a'))).toMatchObject({ accessToken: 'renewed' })
  })

  test('what was signed out while the keychain failed does not come back', async () => {
    await newStore().set(tokenKey('a'), tokens)
    system.fail = new Error('locked')
    await newStore().delete(tokenKey('a'))
    system.fail = undefined
    expect(await newStore().get(tokenKey('a'))).toBeUndefined()
  })
})

describe('a client', () => {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = await createEmulator()
  })

  test('of a server gets its token with a locked keychain, and its events say why it is not encrypted', async () => {
    await newStore().set(tokenKey('a'), tokens)
    system.fail = new Error('locked')
    const client = createClient({
      flow: serverFlow(emulator),
      ...nodePlatform({ directory: place }),
      fetch: emulator.fetch,
      endpoint: emulator.url,
      store: newStore(),
    })
    const token = await client.getToken()
    expect(token).toEqual(expect.any(String))
    expect(reasons).toEqual(['the keychain is locked or denies access'])
    expect(onDisk().join()).toContain(token)
  })

  test('does not redeem a refresh token that it cannot store encrypted any more', async () => {
    const before = emulator.requests.length
    const { client_id: clientId } = emulator.contexts.oauth_public
    const flow = refreshToken({ clientId, refreshToken: 'first' })
    const at = { fetch: emulator.fetch, endpoint: emulator.url, ...nodePlatform({ directory: place }) }
    const key = `imskit/tokens/${JSON.stringify([emulator.url, flow.id, null, (await flow.identity?.()) ?? null])}`
    await newStore().set(key, { ...tokens, expiresAt: 1 })
    system.fail = new Error('locked')
    const error = await rejection(createClient({ flow, ...at, store: newStore() }).getToken())
    expect(error).toMatchObject({ code: 'STORE_FAILED' })
    expect(emulator.requests.length).toBe(before)
  })
})

describe('options', () => {
  test('are checked', () => {
    expect(() => nodePlatform({ keychain: 'yes' as unknown as boolean })).toThrow(/keychain must be of type boolean/)
    expect(() => keychainStore({ lock: 1 as never })).toThrow(/lock must be of type function/)
    expect(() => createNodeIms({ keychain: true } as object)).toThrow(/\.aio files/)
  })

  test('a package that is not installed is one of the reasons', () => {
    const missing = () => {
      throw new KeychainAbsent('@napi-rs/keyring is not installed')
    }
    expect(() => openEntry(missing)).toThrow('@napi-rs/keyring is not installed')
  })
})
