import type { BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { getToken, logIn, open, running, useBrowser } from './browser.ts'
import { type Ims, startIms } from './ims.ts'
import { heapOf, partOf, tokensIssued } from './memory.ts'
import { type Site, startSite } from './site.ts'

const autoLogin = 'user@example.com'
const newContext = useBrowser()
let ims: Ims
let site: Site

beforeAll(async () => {
  ims = await startIms({ autoLogin, opaqueTokens: true })
  site = await startSite(ims.config)
})
afterAll(async () => {
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

let since = 0
beforeEach(() => {
  since = ims.requests.length
})
const tokenRequests = (grant: string) => ims.requests.slice(since).filter(({ params }) => params.grant_type === grant)

async function openTabs(count: number, { origin }: Site = site): Promise<{ context: BrowserContext; tabs: Page[] }> {
  const context = await newContext()
  const first = await open(context, `${origin}/`)
  await logIn(first)
  const others = await Promise.all(Array.from({ length: count - 1 }, () => open(context, `${origin}/`)))
  return { context, tabs: [first, ...others] }
}

const heard = (page: Page, type: string) =>
  page.evaluate((wanted) => window.app.events.filter((event) => event.type === wanted).length, type)
const stored = (page: Page) => page.evaluate(() => window.app.platform.store.keys('imskit/tokens/'))
const forced = (page: Page) => page.evaluate(() => window.outcome(window.app.client.getToken({ force: true })))
const loginRequired = { error: expect.objectContaining({ code: 'LOGIN_REQUIRED' }) }

/** How long tabs ask for tokens, and how long those live, in ms. */
const span = Number(process.env.TABS_SPAN ?? 4_000)
const lifetime = Number(process.env.TABS_LIFETIME ?? 3_000)

/** Tabs that ask for a token all the time: how many different ones they saw, and what IMS was asked for. */
async function askAll(count: number) {
  // IMS says whole seconds, rounded down
  const short = await startIms({ autoLogin, opaqueTokens: true, accessTokenLifetime: lifetime + 900 })
  const shortSite = await startSite(short.config)
  onTestFinished(async () => {
    shortSite.close()
    await short.close()
  })
  const { tabs } = await openTabs(count, shortSite)
  const until = Date.now() + span
  const keepAsking = (page: Page) =>
    page.evaluate(async (until) => {
      const seen = new Set<string>()
      while (Date.now() < until) {
        seen.add(await window.app.client.getToken())
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
      return [...seen]
    }, until)
  const seen = new Set((await Promise.all(tabs.map(keepAsking))).flat())
  const refreshes = short.requests.filter(({ params }) => params.grant_type === 'refresh_token')
  return { seen: seen.size, refreshes }
}

describe('tabs', () => {
  test('renew once per expiry, with a provider that ends a login for reuse (S40)', {
    timeout: span + 30_000,
  }, async () => {
    const [two, eight] = await Promise.all([askAll(2), askAll(8)])
    for (const { refreshes, seen } of [two, eight]) {
      expect(new Set(refreshes.map(({ status }) => status))).toEqual(new Set([200]))
      expect(refreshes.length).toBeGreaterThan(1)
      // all tokens were used, but for one that came at the very end
      expect(seen).toBeGreaterThanOrEqual(refreshes.length)
      // a token is renewed in the second half of its life, or a fifth of that earlier, and never twice
      const gaps = refreshes.slice(1).map(({ at }, index) => at - (refreshes[index]?.at ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThan(lifetime * 0.35)
    }
  })

  test('share a login that one of them ends', async () => {
    const context = await newContext()
    const tabs = await Promise.all([0, 1].map(() => open(context, `${site.origin}/`)))
    const [first, second] = tabs as [Page, Page]
    expect(await getToken(second)).toEqual(loginRequired)
    await logIn(first)
    expect(await getToken(second)).toEqual(await getToken(first))
    await expect.poll(() => heard(second, 'login')).toBe(1)
    expect(tokenRequests('authorization_code').length).toBe(1)
  })

  test('hear of a new token at once', async () => {
    const { tabs } = await openTabs(2)
    const [first, second] = tabs as [Page, Page]
    const before = await getToken(second)
    const after = await forced(first)
    expect(after).not.toEqual(before)
    await expect.poll(() => getToken(second)).toEqual(after)
    expect(tokenRequests('refresh_token').length).toBe(1)
  })

  test('are all logged out by one of them, which tells IMS (S46)', async () => {
    const { tabs } = await openTabs(3)
    for (const tab of tabs) expect(await getToken(tab)).toMatchObject({ ok: expect.any(String) })
    const [first, ...others] = tabs as [Page, Page, Page]
    const address = await first.evaluate(async () => {
      const redirectUri = `${location.origin}/`
      return (await window.app.client.logout({ postLogoutRedirectUri: redirectUri })).href
    })
    for (const tab of others) {
      await expect.poll(() => heard(tab, 'logout')).toBe(1)
      expect(await getToken(tab)).toEqual(loginRequired)
    }
    expect(await stored(first)).toEqual([])
    const ended = ims.requests.slice(since).filter(({ path }) => path === '/ims/revoke')
    expect(ended.map(({ params }) => params.token_type_hint)).toEqual(['refresh_token', 'access_token'])
    await first.goto(address)
    expect(first.url()).toBe(`${site.origin}/`)
  })

  test('a tab that was frozen during the logout is logged out when it thaws', async () => {
    const { context, tabs } = await openTabs(2)
    const [first, frozen] = tabs as [Page, Page]
    expect(await getToken(frozen)).toMatchObject({ ok: expect.any(String) })
    const cdp = await context.newCDPSession(frozen)
    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
    await first.evaluate(() => window.app.client.logout())
    await cdp.send('Page.setWebLifecycleState', { state: 'active' })
    await expect.poll(() => getToken(frozen)).toEqual(loginRequired)
  })

  test('a page that the back button brings back knows of the logout', async () => {
    const { tabs } = await openTabs(2)
    const [first, left] = tabs as [Page, Page]
    expect(await getToken(left)).toMatchObject({ ok: expect.any(String) })
    await left.goto('about:blank')
    await first.evaluate(() => window.app.client.logout())
    await left.goBack({ waitUntil: 'commit' })
    await running(left)
    expect(await getToken(left)).toEqual(loginRequired)
  })
})

test('a page that comes out of the back-forward cache as it was looks into the store again', async () => {
  const { tabs } = await openTabs(2)
  const [first, left] = tabs as [Page, Page]
  expect(await getToken(left)).toMatchObject({ ok: expect.any(String) })
  await left.evaluate(() => Object.assign(window, { asItWas: true }))
  await left.goto('about:blank')
  // a message would have thrown it out of the cache, and so does every logout by this library
  const [key = ''] = await stored(first)
  await first.evaluate((key) => window.app.platform.store.delete(key), key)
  await left.goBack({ waitUntil: 'commit' })
  await running(left)
  expect(await left.evaluate(() => 'asItWas' in window)).toBe(true)
  expect(await getToken(left)).toEqual(loginRequired)
})

describe('a token that is being renewed', () => {
  const slowly = () => onTestFinished(ims.fault({ path: '/ims/token', delay: 400 }))
  const renewing = (page: Page) =>
    expect.poll(() => page.evaluate(async () => (await navigator.locks.query()).held?.length)).toBeGreaterThan(0)

  test('is not brought back when this tab forgets it', async () => {
    const { tabs } = await openTabs(2)
    const [first, second] = tabs as [Page, Page]
    slowly()
    const renewal = forced(first)
    await renewing(first)
    await first.evaluate(() => window.app.client.forget())
    await renewal
    expect(await stored(second)).toEqual([])
    for (const tab of tabs) expect(await getToken(tab)).toEqual(loginRequired)
  })

  test('is not brought back when another tab forgets it (S46)', async () => {
    const { tabs } = await openTabs(2)
    const [first, second] = tabs as [Page, Page]
    slowly()
    const renewal = forced(first)
    await renewing(second)
    await second.evaluate(() => window.app.client.forget())
    await renewal
    expect(await stored(first)).toEqual([])
    await expect.poll(() => getToken(first)).toEqual(loginRequired)
    expect(await getToken(second)).toEqual(loginRequired)
  })

  test('stays as it is without a network, and is renewed once that is back', async () => {
    const { context, tabs } = await openTabs(1)
    const [page] = tabs as [Page]
    const before = await getToken(page)
    await context.setOffline(true)
    expect(await forced(page)).toMatchObject({ error: { code: 'NETWORK_FAILED' } })
    const longer = () => window.outcome(window.app.client.getToken({ minValidity: 2 * 86_400_000 }))
    expect(await page.evaluate(longer)).toEqual(before)
    expect(await heard(page, 'error')).toBeGreaterThan(0)
    await context.setOffline(false)
    const after = await forced(page)
    expect(after).toMatchObject({ ok: expect.any(String) })
    expect(after).not.toEqual(before)
  })

  test('signs the user out in all tabs if IMS refuses the refresh token', async () => {
    const { tabs } = await openTabs(2)
    const [first, second] = tabs as [Page, Page]
    onTestFinished(ims.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' }, times: 9 }))
    expect(await forced(first)).toEqual(loginRequired)
    expect(await heard(first, 'refresh-refused')).toBe(1)
    for (const tab of [first, second, first]) expect(await forced(tab)).toEqual(loginRequired)
    expect(tokenRequests('refresh_token').length).toBe(1)
  })
})

test('nothing of a login is left in the memory of a page after the logout (S46)', async () => {
  const context = await newContext()
  const secrets = await tokensIssued(context)
  const page = await open(context, `${site.origin}/`)
  await page.evaluate(() => void window.app.client.login().catch(() => {}))
  await page.waitForURL('**/callback*')
  await running(page)
  await page.evaluate(async () => {
    await window.app.arrivals
    Object.assign(window.app, { arrivals: undefined })
    await window.app.client.logout()
  })
  expect(secrets.length).toBe(3)
  const strings = await heapOf(page)
  expect(strings).toContain('imskit/callback')
  expect(secrets.map(partOf).filter((part) => strings.includes(part))).toEqual([])
})

describe('a clock that is wrong', () => {
  test.each([-25, 25])('by %i hours does no harm (S37)', async (hours) => {
    const context = await newContext()
    await context.addInitScript((offset) => {
      const now = Date.now
      Date.now = () => now() + offset
    }, hours * 3_600_000)
    const page = await open(context, `${site.origin}/`)
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
    const token = await getToken(page)
    expect(await getToken(page)).toEqual(token)
    expect(await forced(page)).toMatchObject({ ok: expect.any(String) })
    expect(tokenRequests('refresh_token').length).toBe(1)
  })
})
