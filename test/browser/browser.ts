import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Outcome } from './fixtures/app.ts'

export interface BrowserOptions {
  readonly args?: readonly string[]
}

/** One Chromium for a test file. Each call of the function returned gives a new profile, gone after its test. */
export function useBrowser({ args = [] }: BrowserOptions = {}): () => Promise<BrowserContext> {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--in-process-gpu', ...args],
      // as people's browsers: with a back-forward cache and a popup blocker
      ignoreDefaultArgs: ['--disable-back-forward-cache', '--disable-popup-blocking'],
    })
  })
  afterAll(() => browser.close())
  return async () => {
    const context = await browser.newContext()
    context.setDefaultTimeout(10_000)
    onTestFinished(() => context.close())
    return context
  }
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
