import { describe, expect, test } from 'vitest'
import type { Hold, Lock } from '../../../src/core/index.ts'
import { processLock } from '../../../src/core/index.ts'
import { autoRedirect, gate, rejection, settled, storedTokens } from '../setting.ts'
import { it, leaveNote } from './notes.ts'
import { day, expire, lockSaying } from './signed-in.ts'

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

  test('nor does one that stood still after it asked, while another one took the lock and wrote its note', async () => {
    await it.signedIn()
    const [tokensKey = ''] = await it.on.store.keys('imskit/tokens/')
    const key = tokensKey.replace('imskit/tokens/', 'imskit/renewals/')
    let isHeld = true
    const client = it.other({ lock: lockSaying({ id: 'slept', stillHeld: async () => isHeld }) })
    expire(it)
    const { get } = it.on.store
    it.on.store.get = async (name) => {
      const found = await get(name)
      if (name !== key) return found
      it.on.store.get = get
      it.clock.set(it.clock.now() + 28_000)
      isHeld = false
      await leaveNote()
      return found
    }
    expect(await it.during(rejection(client.getToken()))).toMatchObject({ name: 'UnavailableError' })
    expect(await it.on.store.get(key)).toMatchObject({ by: 'another process' })
    expect(it.sent()).toEqual([])
  })

  test('a store that answers after three seconds each time is in time', async () => {
    const client = await it.signedIn()
    expire(it)
    const { get } = it.on.store
    it.on.store.get = async (name) => {
      await it.on.clock.sleep(3_000)
      return get(name)
    }
    expect(await it.during(client.getToken())).toEqual(expect.any(String))
    expect(it.sent()).toHaveLength(1)
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

  test('nor if another process has signed out, which leaves no note behind', async () => {
    const { removed, dropping } = await crossing()
    it.on.store.before = () => undefined
    for (const key of await it.on.store.keys('imskit/')) await it.on.store.delete(key)
    removed()
    await it.during(dropping)
    await it.pass(5_000)
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

  test('a login that finished meanwhile wins over a renewal in progress', async () => {
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
