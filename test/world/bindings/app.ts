import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright'
import { expect, onTestFinished } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { type Block, blocks } from '../../docs/blocks.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

const fileOf = ({ words }: Block) => words.find((word) => word.startsWith('file='))?.slice('file='.length)

/** Writes the files that `page` of the docs names into `folder`, with their code as `change` makes it. */
export function writeFiles(page: string, folder: string, change = (code: string) => code): void {
  const named = blocks.filter((block) => block.at.startsWith(`docs/${page}.md:`) && fileOf(block) !== undefined)
  expect(named.length).toBeGreaterThan(1)
  for (const block of named) {
    const file = join(folder, fileOf(block) ?? '')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${change(block.code)}\n`)
  }
}

/** Serves the files in `folder`, and its first page for every other path; until the test has finished. */
export async function serve(folder: string): Promise<string> {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(folder, new URL(url, 'http://localhost').pathname)
    const file = existsSync(path) && statSync(path).isFile() ? path : join(folder, 'index.html')
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  }).listen(0, 'localhost')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** An emulator until the test has finished. */
export async function newEmulator(): Promise<RunningEmulator> {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  return emulator
}

/** The variables of an app of Vite. */
export const settingsFor = ({ url, contexts }: RunningEmulator) =>
  `VITE_CLIENT_ID=${contexts.oauth_public.client_id}\nVITE_IMS_ENDPOINT=${url}\n`

/** Uses the app of a page of the docs as users do, in two tabs. `origin` is where it is served. */
export async function useApp(
  context: BrowserContext,
  origin: string,
  emulator: RunningEmulator,
  asUser: (page: Page) => Promise<void> = async () => {},
): Promise<void> {
  const complaints: string[] = []
  const open = async (path: string): Promise<Page> => {
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    await page.goto(`${origin}${path}`)
    return page
  }
  const button = (page: Page, name = 'Sign in') => page.getByRole('button', { name, exact: true })
  const greeting = (page: Page) => page.getByText('Hello, Sample User')

  const page = await open('/inbox?page=2#part')
  await button(page).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await button(page).waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
  expect(page.url()).toBe(`${origin}/inbox?page=2#part`)

  await button(page).click()
  await page.getByLabel('Password').fill('any')
  await button(page).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
  await greeting(page).waitFor()
  expect(page.url()).toBe(`${origin}/inbox?page=2#part`)
  expect(JSON.stringify(await page.evaluate(() => history.state))).not.toMatch(/code=|state=/)

  const other = await open('/')
  await greeting(other).waitFor()
  await page.reload()
  await greeting(page).waitFor()
  expect(emulator.requests.filter(({ params }) => params.grant_type === 'authorization_code')).toHaveLength(1)

  await asUser(page)
  await button(page, 'Sign out').click()
  // by way of IMS
  await page.waitForURL(`${origin}/`)
  await button(page).waitFor()
  await button(other).waitFor()
  expect(complaints).toEqual([])
}
