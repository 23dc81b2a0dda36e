import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { build, root } from '../kit/build.ts'
import { fromExamples, runUntil, type Started } from './example.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const newContext = useBrowser()
let app: Started

beforeAll(build, 300_000)

/** Serves an example anew for each test, as an IMS asks for consent once. */
function serve(example: string): void {
  beforeEach(async () => {
    const { start } = await fromExamples<{ start(options: { root: string }): Promise<Started> }>('spa/start.mjs')
    app = await start({ root: join(root, 'examples', example) })
    return () => app.close()
  })
}

async function open(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  await page.goto(app.url)
  return { page, complaints }
}

async function fillIn(page: Page): Promise<void> {
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
}

const signInButton = (page: Page) => page.getByRole('button', { name: 'Sign in', exact: true })
const greeting = (page: Page) => page.getByRole('heading', { name: 'Hello, Sample User' })

async function signIn(page: Page): Promise<void> {
  await signInButton(page).click()
  await fillIn(page)
  await greeting(page).waitFor()
}

async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
    return (await axe.run()).violations.map(({ id }) => id)
  })
}

const codes = () => app.emulator.requests.filter(({ params }) => params.grant_type === 'authorization_code').length

describe('examples/spa', () => {
  serve('spa')

  test('one signs in, sees profile and organizations, calls the API, is known in another tab, and signs out of both', async () => {
    const context = await newContext()
    const { page, complaints } = await open(context)
    await signIn(page)
    expect(page.url()).toBe(app.url)
    await page.getByText('user@example.com').waitFor()
    await page.getByText('Another Emulated Org').waitFor()
    await page.getByRole('button', { name: 'Call the API' }).click()
    await page.getByText('"client_id": "emulator-public"').waitFor()
    const { page: other } = await open(context)
    await greeting(other).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await signInButton(page).waitFor()
    await signInButton(other).waitFor()
    expect(codes()).toBe(1)
    expect(complaints).toEqual([])
  })

  test('by the keyboard, in a window; what happened is said and in focus', async () => {
    const { page, complaints } = await open(await newContext())
    await signInButton(page).waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
    for (let presses = 0; presses < 2; presses++) await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Use a window instead')
    const opened = page.waitForEvent('popup')
    await page.keyboard.press('Enter')
    await fillIn(await opened)
    await greeting(page).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('greeting')
    expect(await page.locator('#live').textContent()).toBe('You are signed in.')
    expect(complaints).toEqual([])
  })

  test('a user who cancels gets a message and can start again', async () => {
    const { page } = await open(await newContext())
    await signInButton(page).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await signInButton(page).waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('refused')
  })

  test('the page explains an API that fails and a network that is down', async () => {
    const context = await newContext()
    const { page } = await open(context)
    await signIn(page)
    app.emulator.fault({ path: '/api/echo', status: 500 })
    await page.getByRole('button', { name: 'Call the API' }).click()
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('500')
    await context.setOffline(true)
    await page.getByText('You are offline').waitFor()
    await context.setOffline(false)
    await page.getByText('You are offline').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Call the API' }).click()
    await page.getByText('"client_id": "emulator-public"').waitFor()
    expect(await page.getByRole('alert').textContent()).toBe('')
  })

  test.each(['light', 'dark'] as const)('has no barrier that axe knows, %s', async (colorScheme) => {
    const { page } = await open(await newContext())
    await page.emulateMedia({ colorScheme })
    await signInButton(page).waitFor()
    expect(await barriers(page)).toEqual([])
    await signIn(page)
    expect(await barriers(page)).toEqual([])
    app.emulator.fault({ path: '/api/echo', status: 500 })
    await page.getByRole('button', { name: 'Call the API' }).click()
    await page.getByText('500').waitFor()
    expect(await barriers(page)).toEqual([])
  })

  test('fits a telephone', async () => {
    const { page } = await open(await newContext())
    await page.setViewportSize({ width: 360, height: 740 })
    await signIn(page)
    await page.getByRole('button', { name: 'Call the API' }).click()
    await page.getByText('"client_id"').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  })
})

describe('examples/react-spa', () => {
  serve('react-spa')

  test('under StrictMode a login ends once, and a sign-out reaches the other tab', async () => {
    const context = await newContext()
    const { page, complaints } = await open(context)
    await signIn(page)
    const { page: other } = await open(context)
    await greeting(other).waitFor()
    expect(codes()).toBe(1)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await signInButton(page).waitFor()
    await signInButton(other).waitFor()
    expect(complaints).toEqual([])
  })

  test('a window opens straight from the click', async () => {
    const { page, complaints } = await open(await newContext())
    const opened = page.waitForEvent('popup')
    await page.getByRole('button', { name: 'Use a window instead' }).click()
    await fillIn(await opened)
    await greeting(page).waitFor()
    expect(await barriers(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('the page of the documentation shows this very code', () => {
    const code = readFileSync(join(root, 'examples/react-spa/src/ims.ts'), 'utf8')
    expect(readFileSync(join(root, 'docs/react.md'), 'utf8')).toContain(
      `\`\`\`ts react at=/ims file=src/ims.ts\n${code}\`\`\``,
    )
  })
})

test.each(['spa', 'react-spa'])('one command starts examples/%s', async (example) => {
  const answer = await fetch(await runUntil(/The app: +(\S+)/, `${example}/start.mjs`))
  expect(await answer.text()).toContain('<script type="module"')
})

test.each(['spa', 'react-spa'])('examples/%s is built without a warning, and its types are right', async (example) => {
  const { build: buildWithVite } = await import('vite')
  // without it, Vite warns of every package with a 'use client'
  const { default: react } = await import('@vitejs/plugin-react')
  const warnings: string[] = []
  const log = { hasWarned: false, info: () => {}, clearScreen: () => {}, hasErrorLogged: () => false }
  const warn = (message: string) => void warnings.push(message)
  await buildWithVite({
    root: join(root, 'examples', example),
    configFile: false,
    plugins: example === 'react-spa' ? [react()] : [],
    customLogger: { ...log, warn, warnOnce: warn, error: warn },
    build: { write: false },
  })
  expect(warnings).toEqual([])
})
