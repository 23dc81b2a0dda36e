import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type OpenIdProvider, publicClient, startOpenIdProvider } from '../kit/oidc-op.ts'
import { arrivals, getToken, open, useBrowser } from './browser.ts'
import { type Site, startSite } from './site.ts'

// a certified OpenID Connect server of another vendor, so that these tests do not depend on imskit's emulator

const lifetime = 3
const newContext = useBrowser()
let op: OpenIdProvider
let site: Site

beforeAll(async () => {
  site = await startSite({ clientId: publicClient, endpoint: 'http://127.0.0.1:9', issuers: [], scopes: ['openid'] })
  op = await startOpenIdProvider({ accessTokenLifetime: lifetime, app: site.origin })
  site.configure({ endpoint: op.issuer, issuers: [op.issuer] })
})
afterAll(async () => {
  site.close()
  await op.close()
})

const openApp = async () => open(await newContext(), `${site.origin}/`)

async function signIn(page: Page): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill('alice')
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

async function logIn(page: Page) {
  await page.evaluate(() => void window.app.client.login().catch(() => {}))
  await signIn(page)
  await page.waitForURL('**/callback*')
  return arrivals(page)
}

describe('at oidc-provider', () => {
  test('a user signs in by redirect, once', async () => {
    const page = await openApp()
    const since = op.grants.length
    const [first, second] = await logIn(page)
    expect(first).toMatchObject({ ok: { tokens: { claims: { sub: 'alice', aud: publicClient, iss: op.issuer } } } })
    expect(second).toEqual(first)
    expect(page.url()).toBe(`${site.origin}/callback`)
    await page.reload()
    expect(await getToken(page)).toMatchObject({ ok: expect.any(String) })
    expect(op.grants.slice(since).filter((grant) => grant === 'authorization_code').length).toBe(1)
  })

  test('a user signs in in a popup', async () => {
    const page = await openApp()
    await page.evaluate(() => {
      window.onButton = () => window.app.client.login({ mode: 'popup' })
    })
    const [popup] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('button').click()])
    await Promise.all([popup.waitForEvent('close'), signIn(popup)])
    expect(await page.evaluate(() => window.clicked)).toEqual({ ok: expect.any(String) })
    expect(site.violations).toEqual([])
  })

  test('a user refuses', async () => {
    const page = await openApp()
    await page.evaluate(() => void window.app.client.login().catch(() => {}))
    await page.getByRole('link', { name: 'Cancel' }).click()
    await page.waitForURL('**/callback*')
    expect((await arrivals(page))[0]).toMatchObject({ ok: { status: 'denied', error: { code: 'ACCESS_DENIED' } } })
  })

  test('four tabs renew without ever using a refresh token twice', async () => {
    const page = await openApp()
    await logIn(page)
    const others = await Promise.all([1, 2, 3].map(() => open(page.context(), `${site.origin}/`)))
    const since = { events: op.events.length, grants: op.grants.length }
    const keepAsking = (tab: Page) =>
      tab.evaluate(async (until) => {
        const seen = new Set<string>()
        while (Date.now() < until) {
          seen.add(await window.app.client.getToken())
          await new Promise((resolve) => setTimeout(resolve, 40))
        }
        return [...seen]
      }, Date.now() + 4_000)
    const seen = new Set((await Promise.all([page, ...others].map(keepAsking))).flat())
    const events = op.events.slice(since.events)
    const refreshes = op.grants.slice(since.grants).length
    expect(events.filter((name) => name !== 'grant.success' && name !== 'refresh_token.consumed')).toEqual([])
    expect(refreshes).toBeGreaterThan(1)
    expect(refreshes).toBeLessThanOrEqual(Math.ceil(4 / (lifetime * 0.4)))
    expect(Math.abs(seen.size - refreshes)).toBeLessThanOrEqual(1)
    for (const tab of others) expect(await getToken(tab)).toMatchObject({ ok: expect.any(String) })
  })

  test('a silent login finds the session of the user if the browser sends cookies, and never takes their absence for a sign-out', async () => {
    const near = await startOpenIdProvider({ app: site.origin, host: 'localhost', silent: true })
    onTestFinished(() => near.close())
    const silently = (page: Page) => page.evaluate(() => window.outcome(window.app.client.login({ mode: 'silent' })))
    // another site: the browser keeps the provider's cookies from the frame
    const far = await openApp()
    await logIn(far)
    const token = await getToken(far)
    expect(await silently(far)).toMatchObject({ error: { code: 'LOGIN_REQUIRED' } })
    expect(await getToken(far)).toMatchObject({ ok: expect.any(String) })
    expect(token).toMatchObject({ ok: expect.any(String) })
    site.configure({ endpoint: near.issuer, issuers: [near.issuer], platform: { silentTimeout: 10_000 } })
    onTestFinished(() => site.configure({ endpoint: op.issuer, issuers: [op.issuer] }))
    const page = await openApp()
    expect(await silently(page)).toMatchObject({ error: { code: 'LOGIN_REQUIRED', imsError: 'login_required' } })
    await logIn(page)
    const before = await getToken(page)
    const again = await silently(page)
    expect(again).toEqual({ ok: expect.any(String) })
    expect(again).not.toEqual(before)
    expect(await page.evaluate(() => document.querySelectorAll('iframe').length)).toBe(0)
  })
})
