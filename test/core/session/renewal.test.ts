import { describe, expect, test, vi } from 'vitest'
import { createClient, type Lock, noLock, processLock, UnavailableError } from '../../../src/core/index.ts'
import { gate, rejection, serverFlow, settled, storedTokens } from '../setting.ts'
import { expire, lockSaying, nearExpiry, world } from './signed-in.ts'

const it = world()
const unavailable = (code: string) => expect.objectContaining({ name: 'UnavailableError', code })
const diskFull = () => new UnavailableError('STORE_FAILED', 'the disk is full')

describe('a lock that fails', () => {
  const broken: Lock = () => Promise.reject(new Error('the object was reset'))

  test('lets no refresh token be redeemed: the stored token while it lasts, then UnavailableError (S40)', async () => {
    const client = await it.signedIn()
    const stored = await client.getToken()
    const [one, two] = [it.other({ lock: broken }), it.other({ lock: broken })]
    nearExpiry(it)
    expect(await Promise.all([one.getToken(), two.getToken()])).toEqual([stored, stored])
    expire(it)
    for (const each of [one, two]) expect(await rejection(each.getToken())).toEqual(unavailable('STORE_FAILED'))
    expect(it.sent()).toEqual([])
    expect(await client.getToken()).toEqual(expect.any(String))
  })

  test('does not stop a credential that can be used any number of times', async () => {
    const client = createClient({ flow: serverFlow(it.emulator), ...it.on, lock: broken })
    expect(await client.getToken()).toEqual(expect.any(String))
  })

  test('that never comes: a call with a valid token waits 5 s, one without waits 60 s', async () => {
    const client = await it.signedIn()
    const stored = await client.getToken()
    const never = it.other({ lock: () => new Promise(() => {}) })
    nearExpiry(it)
    const began = it.clock.now()
    expect(await it.during(never.getToken())).toBe(stored)
    expect(it.clock.now() - began).toBeLessThan(6_001)
    expect(await never.getToken()).toBe(stored)
    expire(it)
    const later = it.clock.now()
    expect(await rejection(it.during(never.getToken()))).toEqual(unavailable('TIMEOUT'))
    expect(it.clock.now() - later).toBeGreaterThanOrEqual(60_000)
    expect(it.clock.now() - later).toBeLessThan(62_000)
  })

  test('that comes when it is no longer wanted, as it ignores its signal: nothing is sent', async () => {
    await it.signedIn()
    const late = gate()
    const ignoring: Lock = async (_name, task) => {
      await late.opened
      return task({ stillHeld: async () => true })
    }
    const client = it.other({ lock: ignoring })
    expire(it)
    expect(await rejection(it.during(client.getToken()))).toEqual(unavailable('TIMEOUT'))
    late.open()
    await it.pass(2_000)
    expect(it.sent()).toEqual([])
  })

  test('that never comes: a call whose token expires while it waits has 60 s more', async () => {
    await it.signedIn()
    const never = it.other({ lock: () => new Promise(() => {}) })
    nearExpiry(it, 2_000)
    const began = it.clock.now()
    expect(await rejection(it.during(never.getToken()))).toEqual(unavailable('TIMEOUT'))
    expect(it.clock.now() - began).toBeGreaterThanOrEqual(65_000)
  })

  test('and whose lease is long makes the wait longer: a dead holder’s lease and a renewal fit into it', async () => {
    await it.signedIn()
    const lock: Lock = Object.assign<Lock, object>(() => new Promise(() => {}), { lease: 45_000 })
    expire(it)
    const began = it.clock.now()
    expect(await rejection(it.during(it.other({ lock }).getToken()))).toEqual(unavailable('TIMEOUT'))
    expect(it.clock.now() - began).toBeGreaterThanOrEqual(85_000)
  })

  test('to be released in time takes nothing from the call', async () => {
    const lock: Lock = async (_name, task) => {
      await task({ stillHeld: async () => true })
      return new Promise(() => {})
    }
    await it.signedIn()
    expire(it)
    expect(await it.during(it.other({ lock }).getToken(), 5_000)).toEqual(expect.any(String))
  })

  test('in mid-renewal, being lost: the next attempt is not sent, and what the thief stored is adopted', async () => {
    // the thief knows that nothing of the first holding is still to come
    const thief = await it.signedIn({ lock: lockSaying({ hasEnded: async () => true }) })
    let asked = 0
    let stolen: string | undefined
    const stillHeld = async () => {
      if (++asked !== 3) return true
      stolen = await thief.getToken()
      return false
    }
    const slow = it.other({ lock: lockSaying({ stillHeld }), retry: { retries: 3 } })
    expire(it)
    it.fault({ path: '/ims/token', status: 503, times: 1 })
    const getting = slow.getToken()
    while (asked < 3) {
      await settled()
      await it.clock.advance(50)
    }
    await vi.waitFor(() => expect(stolen).toEqual(expect.any(String)))
    expect(await it.during(getting)).toBe(stolen)
    expect(it.on.fetch.sent).toHaveLength(2)
    it.on.fetch.sent.length = 0
  })

  test('to say whether it is still held: nothing is sent', async () => {
    await it.signedIn()
    const lock = lockSaying({ stillHeld: () => Promise.reject(new Error('connection lost')) })
    expire(it)
    expect(await rejection(it.other({ lock }).getToken())).toEqual(unavailable('STORE_FAILED'))
    expect(it.sent()).toEqual([])
  })
})

describe('a waiter', () => {
  test('leaves the queue once another process has renewed', async () => {
    const client = await it.signedIn()
    const inner = processLock()
    const stuck = gate()
    const waiting = it.other({
      lock: ((name, task, signal) => inner(name, () => stuck.opened.then(() => noLock(name, task)), signal)) as Lock,
    })
    expire(it)
    const getting = waiting.getToken()
    await settled()
    const token = await client.getToken()
    expect(await it.during(getting, 3_000)).toBe(token)
    stuck.open()
    await settled()
    expect(it.sent()).toHaveLength(1)
  })
})

describe('a store that cannot be written', () => {
  test.each([
    ['with an error of ours', diskFull()],
    ['with a foreign error', new Error('ENOSPC')],
  ])('%s: nothing is sent', async (_, failure) => {
    const client = await it.signedIn()
    const stored = await client.getToken()
    it.on.store.before = (operation) => {
      if (operation === 'set') throw failure
    }
    nearExpiry(it)
    expect(await client.getToken()).toBe(stored)
    expire(it)
    expect(await rejection(client.getToken())).toEqual(unavailable('STORE_FAILED'))
    expect(it.sent()).toEqual([])
  })

  test('once the token was redeemed: the successor is returned, and stored as soon as that is possible (S39)', async () => {
    const client = await it.signedIn()
    expire(it)
    let full = false
    it.on.fetch.before = () => {
      full = true
    }
    it.on.store.before = (operation, key) => {
      if (full && operation === 'set' && key.startsWith('imskit/tokens/')) throw diskFull()
    }
    const token = await it.during(client.getToken())
    expect((await storedTokens(it.on.store))?.accessToken).not.toBe(token)
    full = false
    it.on.fetch.before = () => undefined
    await it.clock.advance(1_000)
    await settled()
    expect((await storedTokens(it.on.store))?.accessToken).toBe(token)
    expect(await it.other().getToken()).toBe(token)
  })

  test('for long: the process that has the successor continues with it, and stores it at a later call', async () => {
    const client = await it.signedIn()
    expire(it)
    let full = false
    it.on.fetch.before = () => {
      full = true
    }
    it.on.store.before = (operation, key) => {
      if (full && operation === 'set' && key.startsWith('imskit/tokens/')) throw diskFull()
    }
    const token = await it.during(client.getToken())
    await it.clock.advance(60_000)
    full = false
    it.on.fetch.before = () => undefined
    nearExpiry(it)
    expect(await client.getToken()).not.toBe(token)
    expect(it.sent()).toHaveLength(2)
  })
})

describe('a store that does not answer', () => {
  test('counts as failed after ten seconds', async () => {
    const client = await it.signedIn()
    it.on.store.before = (operation) => (operation === 'get' ? new Promise(() => {}) : undefined)
    expire(it)
    const began = it.clock.now()
    expect(await rejection(it.during(client.getToken()))).toEqual(unavailable('STORE_FAILED'))
    expect(it.clock.now() - began).toBeLessThan(60_000)
    expect(it.sent()).toEqual([])
  })

  test('proves nothing: a new process does not claim that no user is signed in', async () => {
    await it.signedIn()
    it.on.store.before = (operation) => {
      if (operation === 'get') throw new Error('EMFILE')
    }
    expect(await rejection(it.other().getToken())).toEqual(unavailable('STORE_FAILED'))
  })

  test('lets no older token in memory be redeemed', async () => {
    const [one, two] = [await it.signedIn(), it.other()]
    await two.getToken()
    nearExpiry(it)
    await one.getToken()
    expire(it)
    it.on.store.before = (operation) => {
      if (operation === 'get') throw new Error('ECONNREFUSED')
    }
    expect(await rejection(two.getToken())).toEqual(unavailable('STORE_FAILED'))
    it.on.store.before = () => undefined
    expect(await one.getToken()).toBe(await two.getToken())
  })
})
