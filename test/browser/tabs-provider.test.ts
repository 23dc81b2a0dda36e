import type { BrowserContext, Page } from 'playwright'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type OpenIdProvider, publicClient, startOpenIdProvider } from '../kit/oidc-op.ts'
import { arrivals, open, useBrowser } from './browser.ts'
import { type Site, startSite } from './site.ts'

// eight tabs at a provider that rotates refresh tokens and revokes the tokens of a client that redeems one twice; in full:
// TABS_SPAN=120000 TABS_LIFETIME=5000 npx vitest run test/browser/tabs-provider.test.ts

const span = Number(process.env.TABS_SPAN ?? 6_000)
const lifetime = Math.round(Number(process.env.TABS_LIFETIME ?? 4_000) / 1000)
const count = 8
const newContext = useBrowser()

interface Stage {
  readonly site: Site
  readonly op: OpenIdProvider
  readonly context: BrowserContext
}

async function stage(app: string): Promise<Stage> {
  const scopes = ['openid', 'offline_access']
  const site = await startSite({ clientId: publicClient, endpoint: 'http://127.0.0.1:9', issuers: [], scopes }, { app })
  const op = await startOpenIdProvider({ accessTokenLifetime: lifetime, app: site.origin })
  site.configure({ endpoint: op.issuer, issuers: [op.issuer] })
  onTestFinished(async () => {
    site.close()
    await op.close()
  })
  return { site, op, context: await newContext() }
}

async function signIn(page: Page): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill('alice')
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL('**/callback*')
}

/** What the provider saw since `from`, for `tabs` that ran for `span`. */
function figures({ op }: Stage, from: { events: number; grants: number }, library: string) {
  const events = op.events.slice(from.events)
  const seen = {
    refreshes: op.grants.slice(from.grants).filter((grant) => grant === 'refresh_token').length,
    expiries: Math.floor(span / (lifetime * 1000)),
    reuse: events.filter((name) => name === 'grant.revoked').length,
    refused: events.filter((name) => name === 'grant.error').length,
  }
  console.log(`${library}: ${count} tabs, ${span / 1000} s, tokens of ${lifetime} s:`, JSON.stringify(seen))
  return seen
}

const sofar = ({ op }: Stage) => ({ events: op.events.length, grants: op.grants.length })

describe(`${count} tabs for ${span / 1000} s at oidc-provider`, () => {
  test('imskit: no refresh token is redeemed twice, and no tab is signed out (S40, S41)', {
    timeout: span + 60_000,
  }, async () => {
    const here = await stage('app')
    const first = await open(here.context, `${here.site.origin}/`)
    await first.evaluate(() => void window.app.client.login().catch(() => {}))
    await signIn(first)
    await arrivals(first)
    const others = await Promise.all(
      Array.from({ length: count - 1 }, () => open(here.context, `${here.site.origin}/`)),
    )
    const from = sofar(here)
    const until = Date.now() + span
    const keepAsking = (tab: Page) =>
      tab.evaluate(async (until) => {
        let failures = 0
        while (Date.now() < until) {
          await window.app.client.getToken().catch(() => failures++)
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        return failures
      }, until)
    const failures = await Promise.all([first, ...others].map(keepAsking))
    const { refreshes, reuse, refused, expiries } = figures(here, from, 'imskit')
    expect({ reuse, refused, failures: failures.filter((each) => each > 0) }).toEqual({
      reuse: 0,
      refused: 0,
      failures: [],
    })
    expect(refreshes).toBeGreaterThanOrEqual(expiries)
    // a token of some seconds is renewed after half of its life, or a little earlier behind a call
    expect(refreshes).toBeLessThanOrEqual(Math.ceil(span / (lifetime * 400)) + 1)
  })

  test('oidc-client-ts, as a control: what the same harness shows of it', { timeout: span + 60_000 }, async () => {
    const here = await stage('control')
    const ready = (page: Page) => page.waitForFunction(() => window.control !== undefined)
    const openControl = async () => {
      const page = await here.context.newPage()
      await page.goto(`${here.site.origin}/`)
      await ready(page)
      return page
    }
    const first = await openControl()
    await first.evaluate(() => void window.control.manager.signinRedirect())
    await signIn(first)
    await ready(first)
    const others = await Promise.all(Array.from({ length: count - 1 }, openControl))
    const from = sofar(here)
    await new Promise((resolve) => setTimeout(resolve, span))
    const states = await Promise.all(
      [first, ...others].map((tab) =>
        tab.evaluate(async () => ({
          failed: window.control.failures.length,
          signedIn: (await window.control.manager.getUser())?.expired === false,
        })),
      ),
    )
    figures(here, from, 'oidc-client-ts')
    const signedIn = states.filter((state) => state.signedIn).length
    console.log(`oidc-client-ts: ${signedIn} of ${count} tabs still signed in`)
    // the test must see renewals of the other library too; otherwise it would prove nothing about imskit
    expect(here.op.grants.slice(from.grants).length).toBeGreaterThan(0)
  })
})
