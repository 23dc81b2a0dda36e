import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useBrowser } from './browser.ts'

const newContext = useBrowser()
const dist = (name: string) => new URL(`../../dist/${name}`, import.meta.url)
let server: Server
let origin: string

beforeAll(async () => {
  expect(existsSync(dist('sri.json')), 'run npm run build first').toBe(true)
  const hashes = JSON.parse(readFileSync(dist('sri.json'), 'utf8')) as Record<string, string>
  const pages: Record<string, string> = {
    '/': '',
    '/global': `<script src="/imskit.global.js" integrity="${hashes['imskit.global.js']}"></script>`,
    '/module': modulePage('imskit.js', hashes),
    '/login': modulePage('imskit.login.js', hashes),
  }
  const policy = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
  server = createServer(({ url = '/' }, response) => {
    const page = pages[url]
    response.setHeader('content-type', page === undefined ? 'text/javascript' : 'text/html; charset=utf-8')
    response.setHeader('content-security-policy', policy)
    if (page !== undefined) return response.end(`<!doctype html><html lang="en"><title>page</title>${page}</html>`)
    if (url.startsWith('/of-'))
      return response.end(`import imskit, * as all from './${url.slice(4)}'\nwindow.seen = { imskit, all }`)
    response.end(readFileSync(dist(url.slice(1))))
  }).listen(0, 'localhost')
  await once(server, 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})
const modulePage = (name: string, hashes: Record<string, string>) =>
  `<link rel="modulepreload" href="/${name}" integrity="${hashes[name]}"><script type="module" src="/of-${name}"></script>`

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

async function open(path: string): Promise<{ page: Page; requested: string[]; complaints: string[] }> {
  const page = await (await newContext()).newPage()
  const requested: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requested.push(new URL(request.url()).pathname))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(origin + path)
  return { page, requested: requested.filter((name) => name !== '/favicon.ico'), complaints }
}

const globals = (page: Page) => page.evaluate(() => Object.getOwnPropertyNames(window))

test('imskit.global.js has the hash of sri.json, defines window.imskit and nothing else, and starts nothing (S62, S94)', async () => {
  const without = await globals((await open('/')).page)
  const { page, requested, complaints } = await open('/global')
  expect((await globals(page)).filter((name) => !without.includes(name))).toEqual(['imskit'])
  const databases = await page.evaluate(async () => (await indexedDB.databases()).length + sessionStorage.length)
  expect(databases).toBe(0)
  expect(requested).toEqual(['/global', '/imskit.global.js'])
  expect(complaints).toEqual([])
  const { imskit } = (await page.evaluate(() => ({
    imskit: Object.keys((window as unknown as { imskit: object }).imskit),
  }))) as {
    imskit: string[]
  }
  expect(imskit).toEqual(expect.arrayContaining(['context', 'getToken', 'login', 'handleRedirect', 'logout']))
})

test.each([
  ['imskit.js', '/module'],
  ['imskit.login.js', '/login'],
])('%s has the hash of sri.json and the same names as default and one by one (S62, S94)', async (_, path) => {
  const { page, complaints } = await open(path)
  const [namespace, names] = await page.evaluate(() => {
    const { imskit, all } = (window as unknown as { seen: { imskit: object; all: object } }).seen
    return [Object.keys(imskit), Object.keys(all)]
  })
  expect(names?.filter((name) => name !== 'default').sort()).toEqual(namespace?.sort())
  expect(complaints).toEqual([])
})
