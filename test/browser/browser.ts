import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Outcome } from './fixtures/app.ts'

export interface BrowserOptions {
  readonly args?: readonly string[]
}

export const launchOptions = (args: readonly string[]) => ({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--in-process-gpu', ...args],
  // as people's browsers: with a back-forward cache and a popup blocker
  ignoreDefaultArgs: ['--disable-back-forward-cache', '--disable-popup-blocking'],
})

/** One Chromium for a test file. Each call of the function returned gives a new profile, gone after its test. */
export function useBrowser({ args = [] }: BrowserOptions = {}): () => Promise<BrowserContext> {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch(launchOptions(args))
  })
  afterAll(() => browser.close())
  return async () => {
    const context = await browser.newContext()
    context.setDefaultTimeout(10_000)
    onTestFinished(() => context.close())
    return context
  }
}

/** A Chromium of its own whose settings block third-party cookies or let them through, gone after its test. */
export async function newProfile({ thirdPartyCookies }: { thirdPartyCookies: boolean }): Promise<BrowserContext> {
  const directory = mkdtempSync(join(tmpdir(), 'imskit-chromium-'))
  mkdirSync(join(directory, 'Default'))
  const profile = { block_third_party_cookies: !thirdPartyCookies, cookie_controls_mode: thirdPartyCookies ? 0 : 1 }
  writeFileSync(join(directory, 'Default', 'Preferences'), JSON.stringify({ profile }))
  const context = await chromium.launchPersistentContext(directory, launchOptions([]))
  context.setDefaultTimeout(10_000)
  onTestFinished(async () => {
    await context.close()
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  return context
}

/** Opens `url` and waits until the app there runs. */
export async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  await running(page)
  return page
}

export async function running(page: Page): Promise<void> {
  await page.waitForFunction(() => window.app !== undefined || window.failed !== undefined)
}

/** Sends the page itself to sign in, and waits until it is back. */
export async function logIn(page: Page, options: { returnTo?: string; appState?: string } = {}): Promise<Outcome[]> {
  await page.evaluate((asked) => void window.app.client.login(asked).catch(() => {}), options)
  await page.waitForURL('**/callback*')
  return arrivals(page)
}

/** What both calls of `handleRedirect` on this page came to. */
export async function arrivals(page: Page): Promise<Outcome[]> {
  await running(page)
  return page.evaluate(() => window.app.arrivals as Promise<Outcome[]>)
}

export const getToken = (page: Page): Promise<Outcome<string>> =>
  page.evaluate(() => window.outcome(window.app.client.getToken()))
