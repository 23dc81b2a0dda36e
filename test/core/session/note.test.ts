import { describe, expect, test } from 'vitest'
import { digest } from '../../../src/core/digest.ts'
import type { Hold, Json, Lock, Tokens } from '../../../src/core/index.ts'
import { createClient, memoryStore, processLock, refreshToken } from '../../../src/core/index.ts'
import { fingerprint } from '../../../src/core/session/token-cache.ts'
import { autoRedirect, gate, rejection, settled, storedTokens } from '../setting.ts'
import { day, expire, hour, lockSaying, nearExpiry, world } from './signed-in.ts'

const it = world()

/** Leaves the note of a process that began to redeem what is stored and was not heard of again. */
async function leaveNote(more: Record<string, Json> = {}): Promise<string> {
  const [key = ''] = await it.on.store.keys('imskit/tokens/')
  const of = await digest(fingerprint((await it.on.store.get(key)) as unknown as Tokens))
  const noteKey = key.replace('imskit/tokens/', 'imskit/renewals/')
  await it.on.store.set(noteKey, { of, by: 'another process', at: it.clock.now(), ...more })
  return noteKey
}

describe('a note about a redemption', () => {
  test('is written beside the tokens before anything is sent, and names the holding', async () => {
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

describe('signing out', () => {
  test('waits two seconds for the lock and then acts without it; the successor is revoked, not stored', async () => {
    const [client, other] = [await it.signedIn(), it.other()]
    expire(it)
    const held = gate()
    it.on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const renewing = rejection(other.getToken())
    await expect.poll(() => it.sent()).toHaveLength(1)
    const began = it.clock.now()
    await it.during(client.forget())
    expect(it.clock.now() - began).toBeLessThan(3_000)
    held.open()
    expect(await it.during(renewing)).toMatchObject({ code: 'LOGIN_REQUIRED' })
    await settled()
    expect(await it.on.store.keys('imskit/tokens/')).toEqual([])
    const revoked = () => it.on.fetch.sent.filter(({ url }) => url.endsWith('/ims/revoke'))
    const types = () => revoked().map(({ init }) => new URLSearchParams(String(init.body)).get('token_type_hint'))
    await expect.poll(types).toEqual(['refresh_token', 'access_token'])
  })

  /** A holder whose refresh token IMS has refused, and who is about to remove it when the user signs in elsewhere. */
  async function crossing(): Promise<{ token: string; removed: () => void; dropping: Promise<unknown> }> {
    const [client, other] = [await it.signedIn(), it.other()]
    expire(it)
    const removal = gate()
    it.on.store.before = (operation, key) =>
      operation === 'delete' && key.startsWith('imskit/tokens/') ? removal.opened : undefined
    it.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' }, times: 1 })
    const dropping = rejection(other.getToken())
    await expect.poll(() => it.on.events.map(({ type }) => type)).toContain('refresh-refused')
    const token = await it.during(client.login())
    return { token, removed: removal.open, dropping }
  }

  test('a login that was stored without the lock is stored again if a removal crossed it', async () => {
    const { token, removed, dropping } = await crossing()
    removed()
    await it.during(dropping)
    await expect
      .poll(async () => {
        await it.pass(1_000)
        return (await storedTokens(it.on.store))?.accessToken
      })
      .toBe(token)
  })

  test('and so is one that a successor of the replaced session has crossed', async () => {
    const [client, other] = [await it.signedIn(), it.other()]
    expire(it)
    const writing = gate()
    let blocked = false
    it.on.store.before = (operation, key) => {
      if (blocked || operation !== 'set' || !key.startsWith('imskit/tokens/')) return undefined
      blocked = true
      return writing.opened
    }
    const renewing = other.getToken()
    await expect.poll(() => blocked).toBe(true)
    const token = await it.during(client.login())
    writing.open()
    await it.during(renewing)
    await expect
      .poll(async () => {
        await it.pass(1_000)
        return (await storedTokens(it.on.store))?.accessToken
      })
      .toBe(token)
  })

  test('a holder that has lost the lock does not write over the note of the next one', async () => {
    await it.signedIn()
    const client = it.other({ lock: lockSaying({ stillHeld: async () => false }) })
    expire(it)
    const key = await leaveNote({ ended: 'over' })
    const before = await it.on.store.get(key)
    const getting = rejection(client.getToken())
    expect(await it.during(getting)).toMatchObject({ name: 'UnavailableError' })
    expect(await it.on.store.get(key)).toEqual(before)
    expect(it.sent()).toEqual([])
  })

  test('a note outlasts the clock of a process that was set wrong by a day', async () => {
    await it.signedIn()
    const client = it.other({ lock: lockSaying({ hasEnded: async () => false }) })
    expire(it)
    await it.other({ lock: lockSaying({ id: 'slow' }) }).getToken()
    const key = (await it.on.store.keys('imskit/renewals/'))[0] ?? ''
    it.clock.set(it.clock.now() + day)
    expect(await it.on.store.get(key)).toMatchObject({ by: 'slow' })
    client.close()
  })

  test('a session that the store could not forget is not renewed again by its process', async () => {
    const client = await it.signedIn()
    expire(it)
    const held = gate()
    it.on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const renewing = rejection(client.getToken())
    await expect.poll(() => it.sent()).toHaveLength(1)
    it.on.store.before = (operation) => (operation === 'delete' ? Promise.reject(new Error('EROFS')) : undefined)
    const leaving = rejection(client.forget())
    held.open()
    await it.during(Promise.all([renewing, leaving]))
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toHaveLength(1)
  })

  test('but not if the user has signed out since', async () => {
    const { removed, dropping } = await crossing()
    const signingOut = it.other().forget()
    removed()
    await it.during(Promise.all([signingOut, dropping]))
    await it.pass(2_000)
    expect(await storedTokens(it.on.store)).toBeUndefined()
  })

  test('a login that cannot be stored leaves the successor that was renewed meanwhile', async () => {
    await it.signedIn()
    const lock = processLock()
    let turn = 0
    const counting: Lock = (name, task, signal) => {
      const counted = (hold: Hold) => {
        if (name.startsWith('imskit/tokens/')) turn++
        return task(hold)
      }
      return lock(name, counted, signal)
    }
    const client = it.other({ lock: counting, redirect: autoRedirect(it.emulator) })
    const before = await storedTokens(it.on.store)
    expire(it)
    const held = gate()
    let exchanged = false
    it.on.fetch.before = (_, { body }) => {
      exchanged ||= String(body).includes('grant_type=authorization_code')
      return String(body).includes('grant_type=refresh_token') ? held.opened : undefined
    }
    // the login has the second turn
    it.on.store.before = (operation, key) =>
      operation === 'set' && key.startsWith('imskit/tokens/') && turn > 1
        ? Promise.reject(new Error('ENOSPC'))
        : undefined
    const renewing = client.getToken()
    await expect.poll(() => it.sent()).toHaveLength(1)
    const login = client.login()
    await expect.poll(() => exchanged).toBe(true)
    await settled()
    held.open()
    await it.during(Promise.all([renewing, login]))
    const { refreshToken } = (await storedTokens(it.on.store)) ?? {}
    expect(refreshToken).toEqual(expect.any(String))
    expect(refreshToken).not.toBe(before?.refreshToken)
    it.on.store.before = () => undefined
  })

  test('keeps a renewal that still waits for the lock from sending anything', async () => {
    const client = await it.signedIn()
    expire(it)
    const held = gate()
    const [key = ''] = await it.on.store.keys('imskit/tokens/')
    const holding = it.on.lock(key, () => held.opened)
    const asked = it.on.lock.taken
    const renewing = rejection(client.getToken())
    await expect.poll(() => it.on.lock.taken).toBe(asked + 1)
    const signingOut = client.forget()
    held.open()
    await it.during(Promise.all([holding, signingOut]))
    expect(await it.during(renewing)).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toEqual([])
  })

  test('a login that finished meanwhile wins over a renewal that was under way', async () => {
    const [client, other] = [await it.signedIn(), it.other()]
    expire(it)
    const held = gate()
    it.on.fetch.before = (_, { body }) => (String(body).includes('grant_type=refresh_token') ? held.opened : undefined)
    const renewing = other.getToken()
    await settled()
    const token = await it.during(client.login())
    held.open()
    expect(await it.during(renewing)).toBe(token)
    expect((await storedTokens(it.on.store))?.accessToken).toBe(token)
  })
})
