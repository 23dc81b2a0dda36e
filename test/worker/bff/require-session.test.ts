import { describe, expect, test } from 'vitest'
import { type AuthHandlerOptions, memoryStore, type SessionContext } from '../../../src/adapters/worker/index.ts'
import { createVisitor, granted } from '../visitor.ts'
import { hour, ours } from './cookie-names.ts'
import { origin, setting } from './setting.ts'

/** A site whose pages need a session. */
async function site(options: Partial<AuthHandlerOptions> = {}, context?: SessionContext) {
  const made = await setting(options)
  const { auth } = made
  const browser = createVisitor(origin, async (url, init) => {
    const request = new Request(url, init)
    if (auth.handles(request)) return auth(request)
    const session = await auth.requireSession(request, context)
    if (session instanceof Response) return session
    return session.apply(new Response(`${session.user?.sub} ${(await session.getToken()).length > 100}`))
  })
  return { ...made, browser }
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }
const signedIn = expect.stringMatching(/^[\dA-F]+@\S+ true$/)
const inbox = '/inbox?folder=a%20b'
const login = `/auth/login?${new URLSearchParams({ returnTo: inbox })}`

describe('without a session', () => {
  test.each([
    ['a navigation', navigation],
    ['a navigation of an older browser', { accept: 'text/html,*/*;q=0.8' }],
  ])('%s is redirected to the login, and returns to its address', async (_, headers) => {
    const { browser } = await site()
    const response = await browser.ask(inbox, { headers })
    expect([response.status, response.headers.get('location')]).toEqual([302, login])
    const back = await browser.signIn(login.slice('/auth/login'.length))
    expect(back.headers.get('location')).toBe(inbox)
    expect(await (await browser.ask(inbox, { headers })).text()).toEqual(signedIn)
  })

  test.each([
    ['a script', { headers: script }],
    ['a script of an older browser', { headers: { accept: '*/*' } }],
    ['a prefetch', { headers: { ...navigation, 'sec-purpose': 'prefetch' } }],
    ['a frame', { headers: { ...navigation, 'sec-fetch-dest': 'iframe' } }],
    ['a form', { headers: { ...navigation, 'sec-fetch-site': 'same-origin' }, method: 'POST', body: 'a=b' }],
  ])('%s gets the status 401', async (_, init) => {
    const { browser } = await site()
    const response = await browser.ask(inbox, init)
    expect([response.status, response.headers.get('cache-control')]).toEqual([401, 'no-store'])
    expect(await response.json()).toEqual({ error: 'LOGIN_REQUIRED', message: 'No user is signed in' })
  })
})

describe('with a session', () => {
  test.each([
    ['in the cookie', () => ({})],
    ['in a store', () => ({ store: memoryStore() })],
  ])('whose token is due, the token is renewed; tokens %s', async (_, options) => {
    const { browser, emulator, pass } = await site(options())
    await browser.signIn()
    pass(24 * hour)
    for (let time = 0; time < 2; time++) expect(await (await browser.ask(inbox)).text()).toEqual(signedIn)
    expect(granted(emulator, 'refresh_token')).toBe(1)
  })

  test('whose refresh token was revoked, the cookie is cleared and the user signs in again', async () => {
    const { browser, emulator, pass } = await site({ store: memoryStore() })
    await browser.signIn()
    pass(24 * hour)
    emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 5 })
    const response = await browser.ask(inbox, { headers: navigation })
    expect([response.status, response.headers.get('location')]).toEqual([302, login])
    expect(ours(browser)).toEqual([])
    expect((await browser.ask(inbox, { headers: script })).status).toBe(401)
  })

  test('an outage is a 503 only if no token is valid, and the session remains', async () => {
    const { browser, emulator, pass } = await site({ retry: { retries: 0 } })
    await browser.signIn()
    pass(23.9 * hour)
    const restore = emulator.fault({ path: '/ims/token/v3', status: 503, times: Number.POSITIVE_INFINITY })
    expect((await browser.ask(inbox)).status).toBe(200)
    pass(hour)
    const [page, answer] = [
      await browser.ask('//evil.example', { headers: navigation }),
      await browser.ask(inbox, { headers: script }),
    ]
    expect([page.status, page.headers.has('retry-after')]).toEqual([503, true])
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await page.text()).toContain(`<a href="${origin}//evil.example">Try again</a>`)
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
    restore()
    expect(await (await browser.ask(inbox)).text()).toEqual(signedIn)
  })

  test('a response that cannot set cookies redeems no refresh token', async () => {
    const { browser, emulator, pass } = await site({}, { readOnly: true })
    await browser.signIn()
    expect((await browser.ask(inbox)).status).toBe(200)
    pass(25 * hour)
    const response = await browser.ask(inbox)
    expect([response.status, await response.json()]).toMatchObject([503, { error: 'SESSION_READ_ONLY' }])
    expect(granted(emulator, 'refresh_token')).toBe(0)
  })

  test('a request of another site that may change something is rejected', async () => {
    const { browser } = await site()
    await browser.signIn()
    for (const headers of [{ 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }])
      expect((await browser.ask(inbox, { method: 'POST', headers })).status).toBe(403)
    expect((await browser.ask(inbox, { method: 'POST', headers: script })).status).toBe(200)
    expect((await browser.ask(inbox, { headers: { ...navigation, 'sec-fetch-site': 'cross-site' } })).status).toBe(200)
  })
})

test('what is not a request is refused', async () => {
  const { auth } = await setting({ origin: undefined })
  for (const request of [undefined, {}, 'https://app.example'])
    await expect(auth.requireSession(Object(request))).rejects.toMatchObject({ code: 'BAD_OPTION' })
})
