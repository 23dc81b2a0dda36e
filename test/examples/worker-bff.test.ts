import { createRequire } from 'node:module'
import type { BrowserContext, Page } from 'playwright'
import { beforeEach, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { runUntil, type Started, startExample } from './example.ts'

const newContext = useBrowser()
let site: Started

beforeEach(async () => {
  site = await startExample('worker-bff')
  return () => site.close()
})

/** Everything that the browser got from the site or shows to its scripts. */
async function watch(context: BrowserContext) {
  const complaints: string[] = []
  const got: Promise<string>[] = []
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  context.on('response', (response) => {
    if (!response.url().startsWith(site.url)) return
    // the address of the callback has the code, which only this site's worker can redeem
    const address = response.url().replace(/(\/auth\/callback\?).*/, '$1')
    got.push(
      response.text().catch(() => ''),
      Promise.resolve(address),
    )
  })
  return {
    complaints,
    async all(page: Page): Promise<string> {
      const inPage = await page.evaluate(async () => {
        const databases = await indexedDB.databases()
        const stored = [...Object.entries(localStorage), ...Object.entries(sessionStorage)]
        return JSON.stringify([document.documentElement.outerHTML, document.cookie, stored, databases, history.state])
      })
      return [inPage, ...(await Promise.all(got))].join('\n')
    },
  }
}

async function signIn(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
  await page.getByRole('heading', { name: /^Hello/ }).waitFor()
}

test('a user signs in, reloads, calls the API, opens a second tab and signs out for good', async () => {
  const context = await newContext()
  const seen = await watch(context)
  const page = await context.newPage()
  await page.goto(site.url)
  await signIn(page)
  expect(page.url()).toBe(site.url)
  expect(await page.locator('#account').textContent()).toBe('user@example.com')
  await page.reload()
  await page.getByRole('heading', { name: /^Hello/ }).waitFor()
  await page.getByRole('button', { name: 'Call the API' }).click()
  await page.locator('#answer').filter({ hasText: '"client_id": "emulator-web-app"' }).waitFor()
  const second = await context.newPage()
  await second.goto(site.url)
  await second.getByRole('button', { name: 'Call the API' }).click()
  await second.locator('#answer').filter({ hasText: 'client_id' }).waitFor()

  // what a thief of the page gets
  const everything = await seen.all(page)
  expect(everything).toContain('user@example.com')
  const cookies = await context.cookies(site.url)
  const session = cookies.find(({ name }) => name.startsWith('imskit-session'))
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(everything).not.toContain(session?.value)
  expect(everything).not.toMatch(/eyJ[\w-]{8,}\.|access_token|refresh_token|Bearer/)

  // away and back: the page that comes back is no frozen one of the person
  await page.goto('about:blank')
  await page.goBack()
  await page.getByRole('heading', { name: /^Hello/ }).waitFor()
  await second.getByRole('button', { name: 'Sign out' }).click()
  await second.getByRole('heading', { name: 'Welcome' }).waitFor()
  expect(second.url()).toBe(site.url)
  expect((await context.cookies(site.url)).filter(({ name }) => name.startsWith('imskit'))).toEqual([])
  await second.goBack()
  await second.waitForLoadState()
  expect(await second.content()).not.toContain('user@example.com')
  await page.getByRole('button', { name: 'Call the API' }).click()
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  expect(await page.content()).not.toContain('user@example.com')
  // at IMS too one has to sign in again
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('Password').waitFor()
  expect(seen.complaints.filter((text) => !/status of 401/.test(text))).toEqual([])
})

test('two tabs sign in at once, and a user who cancels gets a message', async () => {
  const context = await newContext()
  const [one, two] = [await context.newPage(), await context.newPage()]
  await one.goto(site.url)
  await two.goto(site.url)
  await one.getByRole('link', { name: 'Sign in' }).click()
  await one.getByLabel('Password').waitFor()
  await signIn(two)
  await one.getByLabel('Password').fill('any')
  await one.getByRole('button', { name: 'Sign in' }).click()
  await one.getByRole('heading', { name: /^Hello/ }).waitFor()
  const stranger = await (await newContext()).newPage()
  await stranger.goto(site.url)
  await stranger.getByRole('link', { name: 'Sign in' }).click()
  await stranger.getByRole('button', { name: 'Cancel' }).click()
  await stranger.getByRole('heading', { name: 'Sign-in canceled' }).waitFor()
  await stranger.getByRole('link', { name: 'Try again' }).click()
  await stranger.getByLabel('Password').waitFor()
})

test('another site can neither sign a user out nor read who it is', async () => {
  const context = await newContext()
  const page = await context.newPage()
  await page.goto(site.url)
  await signIn(page)
  const evil = await context.newPage()
  // the same site by the browser's count, another origin: its cookies go along
  await evil.goto(site.emulator.url.replace('127.0.0.1', 'localhost'))
  const statuses = await evil.evaluate(async (target) => {
    const answers = await Promise.all([
      fetch(`${target}auth/session`, { credentials: 'include' }).then(
        () => 'read',
        () => 'blocked',
      ),
      fetch(`${target}auth/logout`, { method: 'POST', credentials: 'include', headers: { 'x-csrf-token': 'x' } }).then(
        () => 'read',
        () => 'blocked',
      ),
    ])
    const form = Object.assign(document.createElement('form'), { method: 'POST', action: `${target}auth/logout` })
    document.body.append(form)
    form.submit()
    return answers
  }, site.url)
  expect(statuses).toEqual(['blocked', 'blocked'])
  await evil.waitForURL(`${site.url}auth/logout`)
  expect(await evil.textContent('body')).toContain('cross_site')
  await page.reload()
  await page.getByRole('heading', { name: /^Hello/ }).waitFor()
})

test('its pages have no barrier that axe knows', async () => {
  const context = await newContext()
  const page = await context.newPage()
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  const check = async () => {
    // past the page's own policy, as an extension would
    await page
      .addScriptTag({ path: axe })
      .catch(async () => page.evaluate(await (await import('node:fs/promises')).readFile(axe, 'utf8')))
    return page.evaluate(async () => {
      const { violations } = await (
        window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
      ).axe.run()
      return violations.map(({ id }) => id)
    })
  }
  await page.goto(site.url)
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  expect(await check()).toEqual([])
  await signIn(page)
  expect(await check()).toEqual([])
  await page.goto(`${site.url}auth/callback?error=access_denied&state=unknown`)
  expect(await check()).toEqual([])
})

test('one command starts it', async () => {
  const address = await runUntil(/Open (\S+)/, 'worker-bff/start.mjs')
  const response = await fetch(`${address}auth/session`)
  expect(await response.json()).toEqual({ signedIn: false })
})
