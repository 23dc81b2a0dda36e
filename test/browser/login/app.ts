import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { open, useBrowser } from '../browser.ts'
import { type Ims, startIms } from '../ims.ts'
import { type Site, startSite } from '../site.ts'

// the emulator, and an app that signs in there, for every test of a file

export const newContext = useBrowser()
export let ims: Ims
export let site: Site

beforeAll(async () => {
  ims = await startIms({ autoLogin: 'user@example.com' })
  site = await startSite(ims.config)
})
afterAll(async () => {
  site.close()
  await ims.close()
})
afterEach(() => expect(site.violations).toEqual([]))

export const openApp = async () => open(await newContext(), `${site.origin}/`)

/** How many authorization codes IMS was asked to redeem. */
export const codesRedeemed = () =>
  ims.requests.filter(({ params }) => params.grant_type === 'authorization_code').length

/** The address that IMS redirects the page to, before the page loads it. */
export async function callbackOf(page: Page): Promise<string> {
  const url = await page.evaluate(async () => (await window.app.client.startLogin()).href)
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location') ?? ''
}
