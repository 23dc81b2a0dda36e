import type { Page } from 'playwright'
import { beforeEach, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { fromExamples, runUntil } from './example.ts'

interface Served {
  readonly url: string
  close(): Promise<void>
}

const newContext = useBrowser()
let url = ''

// anew for each test, as an IMS asks for consent once
beforeEach(async () => {
  const { serve } = await fromExamples<{ serve(): Promise<Served> }>('serve.mjs')
  const served = await serve()
  url = served.url
  return () => served.close()
})

async function open(): Promise<{ page: Page; complaints: string[] }> {
  const page = await (await newContext()).newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  await page.goto(url)
  return { page, complaints }
}

async function fillIn(page: Page): Promise<void> {
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
}

test('one signs in, is known after a reload and in another tab, and signs out', async () => {
  const { page, complaints } = await open()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await fillIn(page)
  await page.getByText('user@example.com').first().waitFor()
  expect(page.url()).toBe(url)
  await page.reload()
  await page.getByText('user@example.com').first().waitFor()
  const other = await page.context().newPage()
  await other.goto(url)
  await other.getByRole('button', { name: 'Sign out' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  expect(page.url()).toBe(url)
  await other.getByRole('button', { name: 'Read the profile again' }).click()
  await other.getByRole('heading', { name: 'Welcome' }).waitFor()
  expect(complaints).toEqual([])
})

test('one signs in by the keyboard, in a window', async () => {
  const { page, complaints } = await open()
  await page.getByRole('button', { name: 'Use a window instead' }).focus()
  const opened = page.waitForEvent('popup')
  await page.keyboard.press('Enter')
  await fillIn(await opened)
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('name')
  expect(complaints).toEqual([])
})

test('a user who cancels gets a message and can start again', async () => {
  const { page } = await open()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await page.getByRole('alert').textContent()).toContain('refused')
})

test('the main job serves it when asked to, and keeps running', async () => {
  const address = await runUntil(/Sign in with a page: (\S+)/, 'main-job.mjs', '--serve')
  expect((await fetch(address)).status).toBe(200)
})
