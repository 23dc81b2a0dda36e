import { describe, expect, test } from 'vitest'
import { gate, hour, rejection, settled } from '../setting.ts'
import { expire, lockSaying, world } from './signed-in.ts'

const it = world()

describe('the limit of a renewal', () => {
  test('an attempt that no longer fits is not started, and Retry-After is passed on', async () => {
    const client = await it.signedIn({ retry: { retries: 3 } })
    it.fault({ path: '/ims/token', status: 503, headers: { 'retry-after': '25' }, times: Number.POSITIVE_INFINITY })
    expire(it)
    const began = it.clock.now()
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'IMS_UNAVAILABLE', retryAfter: 25_000 })
    expect(it.clock.now() - began).toBeLessThan(20_000)
    expect(it.on.fetch.sent).toHaveLength(1)
    it.on.fetch.sent.length = 0
  })

  test('not even the first attempt is sent if the store took the time that it needs', async () => {
    const client = await it.signedIn({ timeout: 30_000 })
    expire(it)
    const slow = async (operation: string) => {
      if (operation !== 'delete') await it.clock.sleep(4_000)
    }
    it.on.store.before = slow
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ name: 'UnavailableError', code: 'TIMEOUT' })
    expect(it.on.fetch.sent).toEqual([])
  })

  test('short attempts are repeated as long as they fit', async () => {
    const client = await it.signedIn({ retry: { retries: 3 }, timeout: 5_000 })
    it.fault({ path: '/ims/token', status: 503, headers: { 'retry-after': '25' }, times: Number.POSITIVE_INFINITY })
    expire(it)
    await rejection(it.during(client.getToken()))
    expect(it.on.fetch.sent).toHaveLength(2)
    it.on.fetch.sent.length = 0
  })

  test('no attempt takes longer than 30 s, whatever timeout was asked for', async () => {
    const client = await it.signedIn({ timeout: 300_000 })
    it.on.fetch.before = () => new Promise(() => {})
    expire(it)
    const began = it.clock.now()
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'TIMEOUT' })
    expect(it.clock.now() - began).toBeLessThanOrEqual(31_000)
  })
})

test('nothing is sent if another program removed the entry while the note was written', async () => {
  const client = await it.signedIn()
  expire(it)
  it.on.store.before = async (operation, key) => {
    if (operation !== 'set' || !key.startsWith('imskit/renewals/')) return
    it.on.store.before = () => undefined
    for (const entry of await it.on.store.keys('imskit/tokens/')) await it.on.store.delete(entry)
  }
  expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'LOGIN_REQUIRED' })
  expect(it.on.fetch.sent).toEqual([])
})

test('an entry that changed and changed back is redeemed by the hold whose note it has, without waiting', async () => {
  await it.signedIn()
  const { store } = it.on
  let changed = false
  const get = async (key: string) => {
    const value = await store.get(key)
    const isBefore = key !== (await it.on.store.keys('imskit/tokens/'))[0] || (await it.note()) === undefined
    if (isBefore || changed) return value
    changed = true
    return { ...(value as object), obtainedAt: 1 }
  }
  const lock = lockSaying({ id: 'this hold', hasEnded: async () => false })
  const client = it.other({ store: { ...store, get }, lock })
  expire(it)
  expect(await it.during(client.getToken(), 5_000)).toEqual(expect.any(String))
  expect(changed).toBe(true)
  expect(it.sent()).toHaveLength(1)
})

test('a call of this process that has read the successor keeps another from redeeming its predecessor', async () => {
  const first = await it.signedIn()
  const key = (await it.on.store.keys('imskit/tokens/'))[0] ?? ''
  expire(it)
  const asked = gate()
  let checks = 0
  // the second check, right before sending, takes long
  const stillHeld = async () => {
    if (++checks === 2) await asked.opened
    return true
  }
  const client = it.other({ lock: lockSaying({ stillHeld }) })
  const renewing = client.getToken()
  await settled()
  expect(checks).toBe(2)
  // what a process that crashed had begun to write
  const before = (await it.on.store.get(key)) as object
  const now = it.clock.now()
  const successor = {
    ...before,
    accessToken: 'successor',
    refreshToken: 'next',
    obtainedAt: now,
    expiresAt: now + hour,
  }
  await it.on.store.set(key, successor)
  expect(await client.getCachedToken()).toBe('successor')
  asked.open()
  expect(await it.during(renewing)).toBe('successor')
  expect(it.sent()).toHaveLength(0)
  first.close()
})
