import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { getToken, logIn, newProfile, open, useBrowser } from '../browser.ts'
import { type Ims, startIms } from '../ims.ts'
import { type Site, startSite } from '../site.ts'

const newContext = useBrowser()
let near: Ims
let far: Ims

beforeAll(async () => {
  const autoLogin = 'user@example.com'
  near = await startIms({ autoLogin, sameSite: true })
  far = await startIms({ autoLogin })
})
afterAll(() => Promise.all([near.close(), far.close()]))

async function siteOf(ims: Ims, silentTimeout = 700): Promise<Site> {
  const site = await startSite({ ...ims.config, platform: { silentTimeout } })
  onTestFinished(() => {
    expect(site.violations).toEqual([])
    site.close()
  })
  return site
}

async function openApp(ims: Ims): Promise<Page> {
  return open(await newContext(), `${(await siteOf(ims)).origin}/`)
}

/** Lets IMS's cookies go along with frames of other sites, as far as the browser does. */
async function acrossSites(context: BrowserContext, ims: Ims): Promise<void> {
  const cookies = await context.cookies(ims.config.endpoint)
  expect(cookies.length).toBe(1)
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, sameSite: 'None' as const, secure: true })))
}

const silently = (page: Page) => page.evaluate(() => window.outcome(window.app.client.login({ mode: 'silent' })))
const frames = (page: Page) => page.evaluate(() => document.querySelectorAll('iframe').length)
const loggedOut = (ims: Ims) =>
  ims.requests.filter(({ path }) => /logout|revoke|invalidate/.test(path)).map(({ path }) => path)

describe('a silent login', () => {
  test('finds the IMS session of the user, and removes its frame', async () => {
    const page = await openApp(near)
    await logIn(page)
    const first = await getToken(page)
    await page.evaluate(() => window.app.client.forget())
    expect(await getToken(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
    const again = await silently(page)
    expect(again).toEqual({ ok: expect.any(String) })
    expect(again).not.toEqual(first)
    expect(await getToken(page)).toEqual(again)
    expect(await frames(page)).toBe(0)
    const [asked] = near.requests.filter(({ params }) => params.prompt === 'none')
    expect(asked?.path).toBe('/ims/authorize/v2')
  })

  test('reports the error of IMS if no user is signed in', async () => {
    const page = await openApp(near)
    expect(await silently(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED', imsError: 'login_required' } })
    expect(await frames(page)).toBe(0)
  })

  test('never concludes from blocked third-party cookies that the user is signed out (S26)', async () => {
    const page = await openApp(far)
    await logIn(page)
    const token = await getToken(page)
    for (let probe = 0; probe < 3; probe++)
      expect(await silently(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED', imsError: 'login_required' } })
    expect(await getToken(page)).toEqual(token)
    expect(loggedOut(far)).toEqual([])
    expect(await page.evaluate(() => window.app.events.filter(({ type }) => type === 'logout'))).toEqual([])
  })

  test('finds the session of another site only if the browser allows third-party cookies', async () => {
    const { origin } = await siteOf(far, 10_000)
    const outcomes: unknown[] = []
    for (const thirdPartyCookies of [true, false]) {
      const context = await newProfile({ thirdPartyCookies })
      const page = await open(context, `${origin}/`)
      await logIn(page)
      await acrossSites(context, far)
      const before = await getToken(page)
      outcomes.push(await silently(page))
      // an attempt that finds no session removes nothing
      if (!thirdPartyCookies) expect(await getToken(page)).toEqual(before)
      expect((await context.cookies(far.config.endpoint)).length).toBe(1)
    }
    expect(outcomes).toEqual([
      { ok: expect.any(String) },
      { error: expect.objectContaining({ code: 'LOGIN_REQUIRED', imsError: 'login_required' }) },
    ])
    expect(loggedOut(far)).toEqual([])
  })

  test('gives up in a cross-origin-isolated page, whose frames IMS does not opt in to', async () => {
    const site = await siteOf(near)
    site.configure({
      headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
    })
    const page = await open(await newContext(), `${site.origin}/`)
    await logIn(page)
    const before = await getToken(page)
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true)
    expect(await silently(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
    expect(await getToken(page)).toEqual(before)
    expect(await frames(page)).toBe(0)
  })

  test('times out if IMS does not answer in a frame', async () => {
    const page = await openApp(near)
    const page200 = { status: 200, body: 'a page', headers: { 'x-frame-options': 'DENY' } }
    onTestFinished(near.fault({ path: '/ims/authorize', ...page200 }))
    expect(await silently(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
    expect(await frames(page)).toBe(0)
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([])
  })
})
