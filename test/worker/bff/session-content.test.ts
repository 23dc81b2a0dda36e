import { describe, expect, test } from 'vitest'
import { type Claims, type ImsEvent, memoryStore, type Store } from '../../../src/adapters/worker/index.ts'
import { granted } from '../visitor.ts'
import { hour, loginNames, sessionName } from './cookie-names.ts'
import { secret, setting } from './setting.ts'

describe('the cookies', () => {
  const spoil: Record<string, (value: string) => string> = {
    changed: (value) => value.slice(0, -5) + (value.at(-5) === 'A' ? 'B' : 'A') + value.slice(-4),
    truncated: (value) => value.slice(0, -20),
    'of another make': () => 'eyJhbGciOiJub25lIn0.e30.',
    oversized: (value) => value.repeat(60),
    empty: () => '',
  }
  test.each(Object.keys(spoil))('of a session that are %s open nothing and go away', async (how) => {
    const { visitor } = await setting()
    const browser = visitor()
    await browser.signIn()
    browser.jar.set(sessionName, spoil[how]?.(browser.jar.get(sessionName) ?? '') ?? '')
    expect(await browser.session()).toEqual({ signedIn: false })
  })

  test('of a login are not accepted as a session, nor the other way round', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    await browser.signIn()
    const callback = await browser.goToIms()
    const [loginName = ''] = loginNames(browser)
    const [login = '', session = ''] = [browser.jar.get(loginName), browser.jar.get(sessionName)]
    const swapped = visitor()
    swapped.jar.set(sessionName, login)
    expect((await swapped.session()).signedIn).toBe(false)
    swapped.jar.set(loginName, session)
    expect((await swapped.comeBack(callback)).status).toBe(400)
  })

  test('of two logins are not exchanged', async () => {
    const { visitor, emulator } = await setting()
    const browser = visitor()
    const callback = await browser.goToIms()
    const [first = ''] = loginNames(browser)
    await browser.goToIms()
    const second = loginNames(browser).find((name) => name !== first) ?? ''
    browser.jar.set(first, browser.jar.get(second) ?? '')
    expect((await browser.comeBack(callback)).status).toBe(400)
    expect(granted(emulator, 'authorization_code')).toBe(0)
  })

  test('encrypted with an old secret are accepted and encrypted again, those of an unknown secret are not', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    await browser.signIn()
    const newer = 'another secret of the tests, also more than 32 bytes'
    const rotating = visitor({ sessionSecret: [newer, secret] })
    for (const [name, value] of browser.jar) rotating.jar.set(name, value)
    const before = rotating.jar.get(sessionName)
    expect((await rotating.session()).signedIn).toBe(true)
    const resealed = rotating.jar.get(sessionName)
    expect(resealed).not.toBe(before)
    expect((await rotating.session()).signedIn).toBe(true)
    expect(rotating.jar.get(sessionName)).toBe(resealed)
    const rotated = visitor({ sessionSecret: newer })
    for (const [name, value] of rotating.jar) rotated.jar.set(name, value)
    expect((await rotated.session()).signedIn).toBe(true)
    const foreign = visitor({ sessionSecret: newer })
    for (const [name, value] of browser.jar) foreign.jar.set(name, value)
    expect((await foreign.session()).signedIn).toBe(false)
  })

  test('that are too long are split, and unused parts are removed', async () => {
    const { visitor } = await setting({ user: (claims) => ({ ...claims, long: 'x'.repeat(4_000) }) })
    const browser = visitor()
    await browser.signIn()
    const parts = [...browser.jar].filter(([name]) => name.startsWith(sessionName))
    expect(parts.length).toBeGreaterThan(1)
    for (const [name, value] of parts) expect(name.length + value.length).toBeLessThan(4_000)
    expect((await browser.session()).signedIn).toBe(true)
    const short = visitor({ user: ({ sub = '' }) => ({ sub }), store: memoryStore() })
    for (const [name, value] of browser.jar) short.jar.set(name, value)
    await short.signIn()
    expect([...short.jar.keys()].filter((name) => name.startsWith(sessionName))).toEqual([sessionName])
    browser.jar.delete(`${sessionName}.1`)
    expect((await browser.session()).signedIn).toBe(false)
  })

  test('that no browser would store are refused with a remedy', async () => {
    const events: ImsEvent[] = []
    const user = (claims: Claims) => ({ ...claims, long: 'x'.repeat(20_000) })
    const { visitor } = await setting({ user, onEvent: (event: ImsEvent) => events.push(event) })
    const answer = await visitor().signIn()
    expect(answer.status).toBe(500)
    // for the developer; the user cannot do anything about it
    expect(await answer.text()).not.toContain('kvStore')
    expect(events).toContainEqual(expect.objectContaining({ message: expect.stringContaining('kvStore') }))
  })

  test('expire with the session', async () => {
    const { visitor, pass } = await setting({ sessionMaxAge: 2 * hour })
    const browser = visitor()
    await browser.signIn()
    pass(hour)
    expect((await browser.session()).signedIn).toBe(true)
    pass(hour + 1_000)
    expect((await browser.session()).signedIn).toBe(false)
  })

  test('expire sooner if sessionMaxAge is reduced afterwards', async () => {
    const { visitor, pass } = await setting({ sessionMaxAge: 2 * hour })
    const browser = visitor()
    await browser.signIn()
    const stricter = visitor({ sessionMaxAge: hour })
    for (const [name, value] of browser.jar) stricter.jar.set(name, value)
    expect((await stricter.session()).signedIn).toBe(true)
    pass(hour + 1_000)
    expect((await browser.session()).signedIn).toBe(true)
    expect((await stricter.session()).signedIn).toBe(false)
  })

  test('outlive everything in the store', async () => {
    const store = memoryStore()
    const ends: (number | undefined)[] = []
    const noting: Store = {
      ...store,
      set(key, value, expiresAt) {
        ends.push(expiresAt)
        return store.set(key, value, expiresAt)
      },
    }
    const { visitor } = await setting({ sessionMaxAge: 2 * hour, store: noting })
    await visitor().signIn()
    expect(ends.length).toBeGreaterThan(0)
    for (const end of ends) expect(end).toBeLessThanOrEqual(Date.now() + 2 * hour)
  })

  test('that cannot be decrypted are removed', async () => {
    const browser = (await setting()).visitor()
    browser.jar.set(sessionName, 'a.b.c.d.e')
    expect((await browser.session()).signedIn).toBe(false)
    expect(browser.jar.has(sessionName)).toBe(false)
  })

  test('can be Strict, except for the one that the callback from IMS needs (S58)', async () => {
    const browser = (await setting({ sameSite: 'Strict' })).visitor()
    const begun = (await browser.ask('/auth/login')).headers.getSetCookie()
    const lineOf = (lines: string[], name: string) => lines.filter((line) => line.includes(name))
    expect(lineOf(begun, 'imskit-login-')).toEqual([expect.stringContaining('SameSite=Lax')])
    const sent = lineOf((await browser.signIn()).headers.getSetCookie(), sessionName)
    const lines = sent.filter((line) => !line.includes('Max-Age=0'))
    expect(lines).not.toEqual([])
    expect(lines.filter((line) => !line.includes('SameSite=Strict'))).toEqual([])
  })

  test('contain no readable token (S52, S58)', async () => {
    const { visitor } = await setting()
    const browser = visitor()
    await browser.signIn()
    for (const value of browser.jar.values()) {
      const parts = value.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      expect(parts.join()).not.toMatch(/accessToken|refreshToken|access_token/)
    }
  })
})
