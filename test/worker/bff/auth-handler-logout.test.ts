import { describe, expect, test } from 'vitest'
import { type Fetch, memoryStore, noLock } from '../../../src/adapters/worker/index.ts'
import { hour, ours, signal } from './cookie-names.ts'
import { origin, setting } from './setting.ts'

describe('a sign-out', () => {
  test('invalidates the tokens at IMS, returns the address that ends the IMS session, and rejects a copy of the cookie', async () => {
    const events: string[] = []
    const { visitor, emulator } = await setting({ onEvent: ({ type }) => events.push(type) })
    const browser = visitor()
    await browser.signIn()
    const kept = browser.copy()
    const answer = await browser.call('/auth/logout', { method: 'POST' })
    expect(events.filter((type) => type === 'logout')).toHaveLength(1)
    const { logoutUrl } = (await answer.json()) as { logoutUrl: string }
    expect(new URL(logoutUrl).searchParams.get('redirect_uri')).toBe(`${origin}/`)
    expect(logoutUrl.startsWith(`${emulator.url}/ims/logout`)).toBe(true)
    expect(emulator.requests.filter(({ path }) => /invalidate|revoke/.test(path)).map(({ status }) => status)).toEqual([
      200, 200,
    ])
    expect(ours(browser)).toEqual([])
    expect((await kept.session()).signedIn).toBe(false)
  })

  test('is not undone by a renewal in progress (S46)', async () => {
    const [arrived, released] = [signal(), signal()]
    let holding = false
    const gated: Fetch = async (url, init) => {
      const answer = await fetch(url, init)
      // renewed at IMS, and not yet heard of here
      if (holding && url.includes('/token/')) {
        arrived.give()
        await released.given
      }
      return answer
    }
    const { visitor, pass } = await setting({ fetch: gated, lock: noLock })
    const browser = visitor()
    await browser.signIn()
    const { csrfToken = '' } = await browser.session()
    pass(24 * hour)
    holding = true
    const renewing = browser.copy()
    const renewal = renewing.session()
    await arrived.given
    await browser.ask('/auth/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
    released.give()
    await renewal
    expect(ours(renewing)).toEqual([])
    expect((await renewing.session()).signedIn).toBe(false)
  })

  test('succeeds here even if IMS is unreachable', async () => {
    const { visitor, emulator } = await setting({ retry: { retries: 0 } })
    const browser = visitor()
    await browser.signIn()
    emulator.fault({ path: /invalidate|revoke/, status: 503, times: 10 })
    expect((await browser.call('/auth/logout', { method: 'POST' })).status).toBe(200)
    expect((await browser.session()).signedIn).toBe(false)
  })

  test('everywhere revokes every session of the user if there is a store', async () => {
    const store = memoryStore()
    const { visitor, pass } = await setting({ store })
    const [desk, phone] = [visitor(), visitor({})]
    await desk.signIn()
    await phone.signIn()
    expect((await phone.session()).signedIn).toBe(true)
    pass(1_000)
    expect((await desk.call('/auth/logout?everywhere=true', { method: 'POST' })).status).toBe(200)
    expect((await phone.session()).signedIn).toBe(false)
    pass(1_000)
    await phone.signIn()
    expect((await phone.session()).signedIn).toBe(true)
    const bare = visitor({ store: undefined })
    await bare.signIn()
    expect((await bare.call('/auth/logout?everywhere=true', { method: 'POST' })).status).toBe(400)
  })
})
