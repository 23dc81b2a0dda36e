import { describe, expect, test } from 'vitest'
import { memoryStore, processLock, type Store } from '../../../src/adapters/worker/index.ts'
import { granted, type Visitor } from '../visitor.ts'
import { hour, ours } from './cookie-names.ts'
import { setting } from './setting.ts'

describe('a renewal', () => {
  test.each([
    ['in the cookie', () => ({})],
    ['in a store', () => ({ store: memoryStore() })],
    ['in a store, by a lock of the site', () => ({ lock: processLock(), store: memoryStore() })],
  ])('is one for many requests if the tokens are %s', async (_, options) => {
    const { visitor, emulator, pass } = await setting(options())
    const browser = visitor()
    await browser.signIn()
    pass(24 * hour)
    const tabs = Array.from({ length: 10 }, () => browser.copy())
    const told = await Promise.all(tabs.map((tab) => tab.session()))
    expect(told.every(({ signedIn }) => signedIn)).toBe(true)
    expect(granted(emulator, 'refresh_token')).toBe(1)
    expect(emulator.requests.filter(({ status }) => status >= 400)).toEqual([])
    // each of them got a cookie that still works
    pass(24 * hour)
    expect((await (tabs[9] as Visitor).session()).signedIn).toBe(true)
  })

  test('that IMS refuses signs out once the browser has had time to send a newer cookie', async () => {
    const { visitor, emulator, pass } = await setting()
    const browser = visitor()
    await browser.signIn()
    const names = ours(browser)
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 5 })
    for (let time = 0; time < 2; time++) {
      const answer = await browser.ask('/auth/session')
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.json()).toMatchObject({ error: 'SESSION_OUTDATED' })
      expect(ours(browser)).toEqual(names)
    }
    pass(10_000)
    expect(await browser.session()).toEqual({ signedIn: false })
    expect(ours(browser)).toEqual([])
    expect(emulator.requests.filter(({ status }) => status === 400)).toHaveLength(1)
  })

  test.each(['invalid_token', 'access_denied'])('that IMS refuses with %s is requested once, too', async (error) => {
    const { visitor, emulator, pass } = await setting()
    const browser = visitor()
    await browser.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error }, times: 5 })
    for (let time = 0; time < 2; time++) expect((await browser.ask('/auth/session')).status).toBe(503)
    pass(10_000)
    expect(await browser.session()).toEqual({ signedIn: false })
    expect(emulator.requests.filter(({ status }) => status === 400)).toHaveLength(1)
  })

  test('that IMS refuses signs out at once if a store has the tokens', async () => {
    const { visitor, emulator, pass } = await setting({ store: memoryStore() })
    const browser = visitor()
    await browser.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 5 })
    expect(await browser.session()).toEqual({ signedIn: false })
    expect(ours(browser)).toEqual([])
  })

  test('that IMS does not answer does not sign the user out', async () => {
    const { emulator, visitor, pass } = await setting({ retry: { retries: 0 } })
    const browser = visitor({ proxy: [{ path: '/api/', to: `${emulator.url}/api/` }] })
    await browser.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 503, times: 3 })
    expect((await browser.session()).signedIn).toBe(true)
    const answer = await browser.call('/api/echo')
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
    expect((await browser.session()).signedIn).toBe(true)
    expect((await browser.call('/api/echo')).status).toBe(200)
  })
})

describe('a store that fails', () => {
  const failing = () => {
    const inner = memoryStore()
    const broken = { read: false, write: false, only: '' }
    const unless = async <T>(fails: boolean, work: () => Promise<T>) => {
      if (fails) throw new Error('the medium is gone')
      return work()
    }
    const store: Store = {
      get: (key) => unless(broken.read && key.includes(broken.only), () => inner.get(key)),
      set: (key, value, until) => unless(broken.write && key.includes(broken.only), () => inner.set(key, value, until)),
      delete: (key) => unless(broken.write, () => inner.delete(key)),
      keys: (start) => inner.keys(start),
    }
    return { store, broken }
  }

  test.each(['', 'imskit/tokens/'])('on reading %s signs no user out', async (only) => {
    const { store, broken } = failing()
    const { visitor } = await setting({ store })
    const browser = visitor()
    await browser.signIn()
    const names = ours(browser)
    Object.assign(broken, { read: true, only })
    expect((await browser.ask('/auth/session')).status).toBe(503)
    expect(ours(browser)).toEqual(names)
    broken.read = false
    expect((await browser.session()).signedIn).toBe(true)
  })

  test.each([
    ['', 0],
    ['imskit/tokens/', 2],
  ])('on writing %s makes the login fail, and leaves no valid token at IMS', async (only, ended) => {
    const { store, broken } = failing()
    const { visitor, emulator } = await setting({ store })
    const browser = visitor()
    const callback = await browser.goToIms()
    Object.assign(broken, { write: true, only })
    expect((await browser.comeBack(callback)).status).toBe(503)
    broken.write = false
    expect((await browser.session()).signedIn).toBe(false)
    expect(granted(emulator, 'authorization_code')).toBe(ended / 2)
    expect(emulator.requests.filter(({ path }) => /invalidate|revoke/.test(path))).toHaveLength(ended)
  })

  test('on writing at a sign-out still clears the cookie', async () => {
    const { store, broken } = failing()
    const { visitor } = await setting({ store })
    const browser = visitor()
    await browser.signIn()
    const kept = browser.copy()
    const { csrfToken = '' } = await browser.session()
    broken.write = true
    const answer = await browser.ask('/auth/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
    expect(answer.status).toBe(200)
    expect(ours(browser)).toEqual([])
    expect((await kept.session()).signedIn).toBe(false)
  })
})
