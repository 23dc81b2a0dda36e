import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { eventually } from './driven-browser.ts'
import type { Outcome } from './fixtures/app.ts'

export interface BrowserOptions {
  readonly args?: readonly string[]
}

export const launchOptions = (args: readonly string[]) => ({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--in-process-gpu', ...args],
  // as the browsers of users: with a back-forward cache and a popup blocker
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
    await removeProfile(directory)
  })
  return context
}

/** Chromium's child processes end after it, and write to its folder until then. */
const removeProfile = (directory: string) => eventually(() => rm(directory, { recursive: true, force: true }))

/**
 * A Chromium of its own that can freeze its pages, gone after its test. Playwright's own pages count as focused for ever,
 * and Chromium freezes no page that is visible.
 */
export async function newFreezableProfile(): Promise<BrowserContext> {
  const directory = mkdtempSync(join(tmpdir(), 'imskit-chromium-'))
  const flags = ['--headless', '--no-first-run', '--remote-debugging-port=0', '--disable-background-timer-throttling']
  const { executablePath, args } = launchOptions(flags)
  const browser = spawn(executablePath, [...args, `--user-data-dir=${directory}`, 'about:blank'], { stdio: 'ignore' })
  const ended = once(browser, 'exit')
  onTestFinished(async () => {
    browser.kill()
    await ended
    await removeProfile(directory)
  })
  const port = () => readFileSync(join(directory, 'DevToolsActivePort'), 'utf8').split('\n')[0]
  const connected = await eventually(() => chromium.connectOverCDP(`http://127.0.0.1:${port()}`, { noDefaults: true }))
  const [context] = connected.contexts()
  if (context === undefined) throw new Error('this Chromium has no profile')
  context.setDefaultTimeout(10_000)
  return context
}

/** Freezes `page`, as browsers do with tabs in the background. @returns what thaws it */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(() =>
    document.addEventListener('freeze', () => Object.assign(window, { frozen: true }), { once: true }),
  )
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
  return async () => {
    await cdp.send('Page.setWebLifecycleState', { state: 'active' })
    // a page that was not frozen shows nothing
    if (!(await page.evaluate(() => 'frozen' in window))) throw new Error('the page was not frozen')
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
