import type { BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freeze, getToken, logIn, newFreezableProfile, open, running, useBrowser } from './browser.ts'
import { type Ims, startIms } from './ims.ts'
import { type Site, startSite } from './site.ts'

// disturbances of an app with a signed-in user

const newContext = useBrowser()
let ims: Ims
let site: Site

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com', opaqueTokens: true })
  site = await startSite({ ...ims.config, lease: 400 })
})
afterAll(async () => {
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

async function signedIn({ origin }: Site = site): Promise<{ context: BrowserContext; page: Page }> {
  const context = await newContext()
  const page = await open(context, `${origin}/`)
  expect((await logIn(page))[0]).toMatchObject({
    ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
  })
  return { context, page }
}

const forced = (page: Page) => page.evaluate(() => window.outcome(window.app.client.getToken({ force: true })))
const heard = (page: Page, type: string) =>
  page.evaluate((wanted) => window.app.events.filter((event) => event.type === wanted).length, type)
const loginRequired = { error: expect.objectContaining({ code: 'LOGIN_REQUIRED' }) }

/** A signed-in page that can be frozen, and a second tab. */
async function freezable({ origin }: Site): Promise<{ page: Page; other: Page }> {
  const context = await newFreezableProfile()
  const page = await open(context, `${origin}/`)
  expect((await logIn(page))[0]).toMatchObject({
    ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
  })
  return { page, other: await open(context, `${origin}/`) }
}

/** A renewal of `page` that does not get through to IMS before it is released. */
async function heldUp(page: Page) {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const sent = new Promise<void>((resolve) =>
    page.route('**/ims/token/v3', async (route) => {
      resolve()
      await released
      await route.continue()
    }),
  )
  const renewal = forced(page)
  await sent
  return { renewal, release }
}

test('a tab that is frozen in the middle of a renewal hinders no other, and finishes it when it thaws', async () => {
  const { page: frozen, other } = await freezable(site)
  const before = await getToken(other)
  const sofar = ims.granted('refresh_token')
  const { renewal, release } = await heldUp(frozen)
  const thaw = await freeze(frozen)
  // a renewal is due, and the token in the store has not expired
  const due = () => window.outcome(window.app.client.getToken({ minValidity: 2 * 86_400_000 }))
  expect(await other.evaluate(due)).toEqual(before)
  const waiting = forced(other)
  await thaw()
  release()
  const after = await renewal
  expect(after).toMatchObject({ ok: expect.any(String) })
  expect(after).not.toEqual(before)
  expect(await waiting).toEqual(after)
  expect(await getToken(other)).toEqual(after)
  expect(ims.granted('refresh_token')).toBe(sofar + 1)
})

test('a tab that is closed in the middle of a renewal leaves it to another', async () => {
  const { context, page } = await signedIn()
  const other = await open(context, `${site.origin}/`)
  const before = await getToken(other)
  // the request never gets through: the answer of IMS to a closed tab is lost
  onTestFinished(ims.fault({ path: '/ims/token', delay: 2_000, drop: 'before', times: 1 }))
  const sent = page.waitForRequest('**/ims/token/v3')
  forced(page).catch(() => {})
  await sent
  await page.close()
  const after = await forced(other)
  expect(after).toMatchObject({ ok: expect.any(String) })
  expect(after).not.toEqual(before)
})

test('a tab that is frozen for longer than the time-out while IMS answers takes the answer when it thaws', async () => {
  const timeout = 2_000
  const quick = await startSite({ ...ims.config, client: { timeout } })
  onTestFinished(() => quick.close())
  const { page } = await freezable(quick)
  const before = await getToken(page)
  onTestFinished(ims.fault({ path: '/ims/token', delay: 500 }))
  const sofar = ims.granted('refresh_token')
  const asked = () => ims.requests.filter(({ params }) => params.grant_type === 'refresh_token').length
  const askedBefore = asked()
  const sent = page.waitForRequest('**/ims/token/v3')
  const renewal = forced(page)
  await sent
  const began = Date.now()
  const thaw = await freeze(page)
  await expect.poll(() => ims.granted('refresh_token')).toBe(sofar + 1)
  // the freeze itself has to last longer than the time-out
  await expect.poll(() => Date.now() - began, { timeout: 3 * timeout }).toBeGreaterThan(2 * timeout)
  await thaw()
  const after = await renewal
  expect(after).toMatchObject({ ok: expect.any(String) })
  expect(after).not.toEqual(before)
  expect(asked()).toBe(askedBefore + 1)
})

test('tabs that slept past the end of their token share one renewal', async () => {
  const context = await newContext()
  await context.addInitScript(() => {
    const now = Date.now
    Date.now = () => now() + Number(localStorage.getItem('slept') ?? 0)
  })
  const sleepy = await startIms({ autoLogin: 'user@example.com', opaqueTokens: true })
  const sleepySite = await startSite(sleepy.config)
  onTestFinished(async () => {
    sleepySite.close()
    await sleepy.close()
  })
  const first = await open(context, `${sleepySite.origin}/`)
  await logIn(first)
  const tabs = [first, await open(context, `${sleepySite.origin}/`), await open(context, `${sleepySite.origin}/`)]
  const before = await Promise.all(tabs.map(getToken))
  const day = 25 * 3_600_000
  await first.evaluate((slept) => localStorage.setItem('slept', String(slept)), day)
  sleepy.setTime(Date.now() + day)
  const after = await Promise.all(tabs.map(getToken))
  expect(new Set(after.map((each) => JSON.stringify(each))).size).toBe(1)
  expect(after[0]).toMatchObject({ ok: expect.any(String) })
  expect(after[0]).not.toEqual(before[0])
  expect(sleepy.granted('refresh_token')).toBe(1)
})

test('if the database is deleted, the user is signed out at the next renewal, and the next login works', async () => {
  const { context, page } = await signedIn()
  const other = await open(context, `${site.origin}/`)
  const token = await getToken(other)
  const cdp = await context.newCDPSession(page)
  await cdp.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' })
  expect(await getToken(other)).toEqual(token)
  expect(await forced(other)).toEqual(loginRequired)
  expect(await heard(other, 'error')).toBe(0)
  await logIn(page)
  expect(await getToken(page)).toMatchObject({ ok: expect.any(String) })
  await expect.poll(() => getToken(other)).toEqual(await getToken(page))
})

test('if the database is denied, a renewal and a logout still work', async () => {
  const context = await newContext()
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'InvalidStateError')
    }
  })
  const page = await open(context, `${site.origin}/`)
  await logIn(page)
  const before = await getToken(page)
  const after = await forced(page)
  expect(after).toMatchObject({ ok: expect.any(String) })
  expect(after).not.toEqual(before)
  expect(await getToken(page)).toEqual(after)
  await page.evaluate(() => window.app.client.logout())
  expect(await getToken(page)).toEqual(loginRequired)
  expect(await heard(page, 'store-degraded')).toBe(1)
})

describe('an answer to a renewal that is cut off', () => {
  test('before IMS saw the question costs nothing', async () => {
    const { page } = await signedIn()
    const before = await getToken(page)
    // a browser repeats a request if the server closes a reused connection
    const better = ims.fault({ path: '/ims/token', drop: 'before', times: 9 })
    onTestFinished(better)
    expect(await forced(page)).toMatchObject({ error: { code: 'NETWORK_FAILED' } })
    expect(await getToken(page)).toEqual(before)
    better()
    expect(await forced(page)).toMatchObject({ ok: expect.any(String) })
  })

  test('after it signs the user out if refresh tokens rotate, once and in all tabs', async () => {
    const { context, page } = await signedIn()
    const other = await open(context, `${site.origin}/`)
    const [token, refreshes] = [await getToken(page), () => ims.requests.filter(isRefresh).length]
    const isRefresh = ({ params }: { params: Record<string, unknown> }) => params.grant_type === 'refresh_token'
    onTestFinished(ims.fault({ path: '/ims/token', drop: 'mid-body' }))
    expect(await forced(page)).toMatchObject({ error: { code: 'NETWORK_FAILED' } })
    expect(await getToken(page)).toEqual(token)
    const sofar = refreshes()
    expect(await forced(page)).toEqual(loginRequired)
    for (const tab of [page, other]) expect(await forced(tab)).toEqual(loginRequired)
    expect(refreshes()).toBe(sofar + 1)
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
  })
})

test('a warm call takes no lock, reads no database and sends no request', async () => {
  const { page } = await signedIn()
  await getToken(page)
  const used = await page.evaluate(async () => {
    const used: string[] = []
    const count = (owner: object, name: string) => {
      const original = Reflect.get(owner, name)
      Reflect.set(owner, name, function counted(this: unknown, ...args: unknown[]) {
        used.push(name)
        return Reflect.apply(original, this, args)
      })
    }
    count(LockManager.prototype, 'request')
    count(IDBDatabase.prototype, 'transaction')
    count(IDBFactory.prototype, 'open')
    count(globalThis, 'fetch')
    for (let call = 0; call < 50; call++) await window.app.client.getToken()
    const warm = used.splice(0)
    await window.app.client.getToken({ force: true })
    return { warm, cold: [...new Set(used)].sort() }
  })
  expect(used).toEqual({ warm: [], cold: ['fetch', 'request', 'transaction'] })
})

describe('what others left in the storage of this origin', () => {
  const hostile = [
    null,
    5,
    'text',
    [],
    {},
    { accessToken: 5, expiresAt: 9e15 },
    { accessToken: 'x', expiresAt: 'never' },
    { accessToken: ['x'], expiresAt: 9e15, refreshToken: {} },
    JSON.parse('{"__proto__":{"accessToken":"polluted","expiresAt":9e15}}'),
    JSON.parse('{"constructor":{"prototype":{"polluted":true}},"claims":{"__proto__":{"polluted":true}}}'),
  ]

  test('is not a token, and breaks neither the app nor a login', async () => {
    const { page } = await signedIn()
    const [key] = await page.evaluate(() => window.app.platform.store.keys('imskit/tokens/'))
    for (const value of hostile) {
      await page.evaluate(([key, value]) => window.app.platform.store.set(key, value), [key as string, value] as const)
      await page.reload()
      await running(page)
      expect(await getToken(page)).toEqual(loginRequired)
    }
    expect(await page.evaluate(() => window.outcome(window.app.client.logout()))).toMatchObject({ ok: {} })
    expect(await page.evaluate(() => 'polluted' in {} || 'accessToken' in {})).toBe(false)
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
  })

  test('is not a pending login, and never prevents the next one', async () => {
    const page = await open(await newContext(), `${site.origin}/`)
    await page.evaluate((values) => {
      for (const [index, value] of ['{', '', ...values.map((value) => JSON.stringify(value))].entries()) {
        sessionStorage.setItem(`imskit/pending/${index}`, value)
        sessionStorage.setItem(`imskit/pending/wrapped-${index}`, `{"value":${value || 0},"expiresAt":null,"setAt":0}`)
        sessionStorage.setItem('imskit/page-logins', value)
      }
    }, hostile)
    // what is not an entry at all is not known
    await page.goto(`${site.origin}/callback?code=forged&state=0`)
    await running(page)
    expect(await page.evaluate(() => window.app.arrivals)).toEqual([{ ok: undefined }, { ok: undefined }])
    for (const state of ['wrapped-6', 'wrapped-10']) {
      await page.goto(`${site.origin}/callback?code=forged&state=${state}`)
      await running(page)
      expect(await page.evaluate(() => window.app.arrivals)).toMatchObject([
        { error: { code: 'STATE_MISMATCH' } },
        { error: { code: 'STATE_MISMATCH' } },
      ])
    }
    expect((await logIn(page))[0]).toMatchObject({
      ok: { status: 'signedIn', tokens: { accessToken: expect.any(String) } },
    })
  })
})
