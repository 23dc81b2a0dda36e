import { describe, expect, test } from 'vitest'
import { digest } from '../../../src/core/digest.ts'
import type { Json, Tokens } from '../../../src/core/index.ts'
import { createClient, memoryStore, processLock, refreshToken } from '../../../src/core/index.ts'
import { fingerprint } from '../../../src/core/session/token-cache.ts'
import { rejection, settled, storedTokens } from '../setting.ts'
import { it, leaveNote } from './notes.ts'
import { day, expire, hour, lockSaying, nearExpiry } from './signed-in.ts'

describe('a note about a redemption', () => {
  test('is stored next to the tokens before anything is sent, and names the hold', async () => {
    const lock = lockSaying({ id: 'holding 7' })
    await it.signedIn()
    const client = it.other({ lock })
    const [key = ''] = await it.on.store.keys('imskit/tokens/')
    const of = await digest(fingerprint((await it.on.store.get(key)) as unknown as Tokens))
    expire(it)
    let seen: unknown
    it.on.fetch.before = async () => {
      seen = await it.note()
    }
    await client.getToken()
    expect(seen).toEqual({ of, by: 'holding 7', at: expect.any(Number) })
    expect(JSON.stringify(seen)).not.toContain('eyJ')
  })

  test('of a holding that may still be answered: nothing is sent until a renewal’s time has passed (S39, S43)', async () => {
    await it.signedIn()
    const client = it.other({ lock: lockSaying({ hasEnded: async () => false }) })
    expire(it)
    await leaveNote()
    const began = it.clock.now()
    const getting = client.getToken()
    await it.pass(39_000)
    expect(it.sent()).toEqual([])
    expect(await it.during(getting)).toEqual(expect.any(String))
    expect(it.clock.now() - began).toBeLessThan(45_000)
    expect(it.sent()).toHaveLength(1)
  })

  test('of a holding that may still be answered is watched on by the next call, and not for less', async () => {
    await it.signedIn()
    const client = it.other({ lock: lockSaying({ hasEnded: async () => false }) })
    expire(it)
    await leaveNote()
    const leaving = new AbortController()
    const first = rejection(client.getToken({ signal: leaving.signal }))
    await it.pass(10_000)
    leaving.abort(new Error('left'))
    await first
    const getting = client.getToken()
    await it.pass(25_000)
    expect(it.sent()).toEqual([])
    expect(await it.during(getting)).toEqual(expect.any(String))
    expect(it.sent()).toHaveLength(1)
  })

  test('of a holding that may still be answered is watched no faster by two calls at once', async () => {
    await it.signedIn()
    const client = it.other({ lock: lockSaying({ hasEnded: async () => false }) })
    expire(it)
    await leaveNote()
    const getting = [client.getToken(), client.getToken({ force: true })]
    await it.pass(38_000)
    expect(it.sent()).toEqual([])
    await it.during(Promise.all(getting))
  })

  test('of a holding whose answer comes after all: it is adopted', async () => {
    const holder = await it.signedIn()
    const client = it.other({ lock: lockSaying({ hasEnded: async () => false }) })
    expire(it)
    const key = await leaveNote()
    const getting = client.getToken()
    await it.pass(10_000)
    await it.on.store.delete(key)
    const token = await holder.getToken()
    expect(await it.during(getting, 5_000)).toBe(token)
    expect(it.sent()).toHaveLength(1)
  })

  test('does not make a call wait that has a valid token', async () => {
    const first = await it.signedIn()
    const stored = await first.getToken()
    nearExpiry(it)
    await leaveNote()
    const client = it.other({ lock: lockSaying({ hasEnded: async () => false }) })
    const began = it.clock.now()
    expect(await it.during(client.getToken(), 2_000)).toBe(stored)
    expect(it.clock.now()).toBe(began)
    expect(it.sent()).toEqual([])
  })

  test.each([
    ['of a holding that is known to have ended', {}, { hasEnded: async (id: string) => id === 'another process' }],
    ['that says how it ended', { ended: 'over' }, { hasEnded: async () => false }],
    ['about another entry', { of: 'another' }, { hasEnded: async () => false }],
    ['that is not a note', { by: 7 }, { hasEnded: async () => false }],
  ])('%s delays nothing', async (_, more, hold) => {
    await it.signedIn()
    expire(it)
    await leaveNote(more)
    const began = it.clock.now()
    expect(await it.other({ lock: lockSaying(hold) }).getToken()).toEqual(expect.any(String))
    expect(it.clock.now()).toBe(began)
  })

  test('that says so if IMS did not answer, so that the next process need not wait', async () => {
    const client = await it.signedIn()
    expire(it)
    it.fault({ path: '/ims/token', drop: 'before' })
    await rejection(client.getToken())
    expect(await it.note()).toMatchObject({ ended: 'over' })
    it.on.fetch.sent.length = 0
    await it.other({ lock: lockSaying({ hasEnded: async () => false }) }).getToken()
  })

  test('is followed by one more look at the store: another entry is adopted, and nothing is sent', async () => {
    await it.signedIn()
    const client = it.other()
    expire(it)
    const [key = ''] = await it.on.store.keys('imskit/tokens/')
    const now = it.clock.now()
    const theirs = { accessToken: 'theirs', refreshToken: 'theirs too', obtainedAt: now, expiresAt: now + hour }
    it.on.store.before = async (operation, written) => {
      if (operation === 'set' && written.startsWith('imskit/renewals/')) await it.on.store.set(key, theirs)
    }
    expect(await it.during(client.getToken())).toBe('theirs')
    expect(it.sent()).toEqual([])
  })

  test('is closed by its own holding only while that has the lock', async () => {
    await it.signedIn()
    let held = true
    const client = it.other({ lock: lockSaying({ stillHeld: async () => held }) })
    expire(it)
    it.on.fetch.before = () => {
      held = false
      throw new TypeError('the connection broke')
    }
    expect(await rejection(client.getToken())).toMatchObject({ name: 'UnavailableError' })
    const note = await it.note()
    expect(note).toMatchObject({ by: expect.any(String) })
    expect(note).not.toHaveProperty('ended')
    it.on.fetch.sent.length = 0
  })

  test('before a refusal: the store is read once more after a second, as the answer may be on its way', async () => {
    const holder = await it.signedIn()
    const before = await storedTokens(it.on.store)
    nearExpiry(it)
    const token = await holder.getToken()
    const [key = ''] = await it.on.store.keys('imskit/tokens/')
    const successor = await it.on.store.get(key)
    await it.on.store.set(key, before as Json)
    await leaveNote({ ended: 'over' })
    it.on.fetch.sent.length = 0
    const late = it.other()
    const getting = late.getToken({ force: true })
    await settled()
    await it.on.store.set(key, successor as Json)
    expect(await it.during(getting, 5_000)).toBe(token)
  })

  test('before a refusal that stands: the message says that an answer was lost', async () => {
    const client = await it.signedIn()
    expire(it)
    await leaveNote({ ended: 'over' })
    it.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' } })
    const error = await rejection(it.during(client.getToken()))
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', message: expect.stringContaining('answer was lost') })
  })
})

describe('a refresh token that the credential brings', () => {
  async function first(): Promise<string> {
    const store = memoryStore({ clock: it.clock })
    await it.signedIn({ store, lock: processLock() })
    return String((await storedTokens(store))?.refreshToken)
  }
  const continued = (token: string, more: object = {}) =>
    createClient({
      flow: refreshToken({ clientId: it.emulator.contexts.oauth_public.client_id, refreshToken: token }),
      ...it.on,
      ...more,
    })

  test('is redeemed once, by any number of processes', async () => {
    const token = await first()
    const [one, two] = [continued(token), continued(token)]
    const tokens = await Promise.all([one.getToken(), two.getToken()])
    expect(tokens[0]).toBe(tokens[1])
    expect(it.sent()).toEqual([token])
  })

  test('is not redeemed again once its successors are forgotten', async () => {
    const token = await first()
    const client = continued(token)
    await client.getToken()
    await client.forget()
    expect(await rejection(client.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(await rejection(continued(token).getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toEqual([token])
  })

  test('is known to be redeemed for longer than any redemption takes', async () => {
    const token = await first()
    const client = continued(token)
    await client.getToken()
    await client.forget()
    it.clock.set(it.clock.now() + 30 * day)
    expect(await rejection(continued(token).getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toEqual([token])
  })

  test('and that IMS refuses is not sent again, by no process', async () => {
    const client = continued('never issued')
    const error = await rejection(client.getToken())
    expect(error).toMatchObject({
      code: 'LOGIN_REQUIRED',
      cause: expect.objectContaining({ imsError: 'invalid_grant' }),
    })
    for (const each of [client, continued('never issued')])
      expect(await rejection(each.getToken())).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toEqual(['never issued'])
  })

  test('is not redeemed while the store cannot be read, as its successor may be there', async () => {
    const token = await first()
    await continued(token).getToken()
    const late = continued(token)
    it.on.store.before = (operation) => {
      if (operation === 'get') throw new Error('EACCES')
    }
    expect(await rejection(late.getToken())).toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED' })
    expect(it.sent()).toEqual([token])
  })
})
