import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build as bundleOf } from 'esbuild'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { build, buildSite } from '../kit/build.ts'
import { startServer, type TestServer } from '../kit/server.ts'
import { type Block, blocksIn, root } from './blocks.ts'
import { type ImsOfThePages, publicIms, startImsOfThePages } from './ims-of-the-pages.ts'
import { asShown, emptyFolder } from './quickstarts.ts'

declare global {
  interface Window {
    /** What the block left behind. */
    leftBehind?: string
  }
}

const newContext = useBrowser()
let ims: ImsOfThePages
let site: TestServer
let html = ''
let origin = ''
/** What else the page of documentation serves, by path. */
let beside = new Map<string, Block>()

beforeAll(async () => {
  await build()
  ims = await startImsOfThePages()
  site = await startServer(async ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const block = beside.get(pathname)
    const script = block?.place === 'webworker'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(block === undefined ? html : await (script ? scriptOf(block) : pageOf(block)))
  }, 'localhost')
  origin = site.url
}, 300_000)
afterAll(async () => {
  await site.close()
  await ims.close()
})

const outcomeOf = "\nglobalThis.leftBehind = typeof token === 'undefined' ? 'ran' : (token ?? 'signed out')\n"

async function scriptOf({ code }: Block, folder = root): Promise<string> {
  const { outputFiles } = await bundleOf({
    stdin: { contents: code + outcomeOf, resolveDir: folder, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
  })
  return outputFiles[0]?.text ?? ''
}

/** The page that a block is for: a button, and the block as an app would bundle it. */
async function pageOf(block: Block, folder?: string): Promise<string> {
  const { language, code } = block
  if (language === 'html') return `<!doctype html><link rel="icon" href="data:,">${code}`
  const script = (await scriptOf(block, folder)).replaceAll('</script', '<\\/script')
  return `<!doctype html><link rel="icon" href="data:,"><button></button><script type="module">${script}</script>`
}

/** Opens it with the emulator in place of IMS, and this build in place of the content delivery network. */
async function open(block: Block, folder?: string): Promise<{ page: Page; complaints: string[]; said: string[] }> {
  html = await pageOf(block, folder)
  beside = besides(block)
  const context = await newContext()
  await context.route(`${publicIms}/**`, async (route) => {
    const request = route.request()
    const body = request.postData()
    const headers = await request.allHeaders()
    const answer = await ims.fetch(
      new Request(request.url(), { method: request.method(), headers, ...(body !== null && { body }) }),
    )
    await route.fulfill({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: Buffer.from(await answer.arrayBuffer()),
    })
  })
  await context.route('https://cdn.example/**', (route) => {
    const name = new URL(route.request().url()).pathname.replace(/^\/imskit@[\d.]+\//, '')
    const headers = { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' }
    return route.fulfill({ headers, body: readFileSync(join(root, name)) })
  })
  const page = await context.newPage()
  const complaints: string[] = []
  const said: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => said.push(message.text()))
  await page.goto(`${origin}/`)
  return { page, complaints, said }
}

const pathOf = ({ words }: Block) => words.find((word) => word.startsWith('at='))?.slice(3)

/** The other files of the page that `block` stands on. */
function besides({ at }: Block): Map<string, Block> {
  const [document] = at.split(':')
  const files = [...blocksIn('page'), ...blocksIn('webworker')].filter((other) => other.at.split(':')[0] === document)
  return new Map(files.flatMap((file) => (pathOf(file) === undefined ? [] : [[pathOf(file) ?? '', file]])))
}

const granted = () => ims.requests.filter(({ params }) => params.grant_type === 'authorization_code').length
const named = (blocks: readonly Block[]) => blocks.map((block) => [block.at, block] as const)
const all = blocksIn('page')
const quickstart = ({ words }: Block) => words.includes('quickstart')

describe('the pages of the documentation', () => {
  test('are there', () => expect(all.length).toBeGreaterThan(8))

  test.each(named(all.filter(({ language }) => language === 'js')))('%s runs as it stands', async (_, block) => {
    const { page, complaints } = await open(block)
    await page.waitForFunction(() => window.leftBehind !== undefined)
    expect(complaints).toEqual([])
  })

  test.each(named(all.filter(({ language }) => language === 'html')))('%s runs as it stands', async (_, block) => {
    const { complaints, said } = await open(block)
    if (!quickstart(block)) await expect.poll(() => said, { timeout: 10_000 }).toContain('LOGIN_REQUIRED')
    expect(complaints).toEqual([])
  })
})

describe('a quickstart', () => {
  test.each(named(all.filter(quickstart)))(
    '%s, as the site shows it, gives a token in an empty folder',
    { timeout: 300_000 },
    async (_, written) => {
      await buildSite()
      const block = asShown(written)
      const before = granted()
      const { page, complaints } = await open(block, await emptyFolder())
      if (block.language === 'html') await page.getByRole('button', { name: 'Sign in' }).click()
      await expect.poll(granted, { timeout: 10_000 }).toBe(before + 1)
      if (block.language === 'js') await page.waitForFunction(() => /^eyJ/.test(window.leftBehind ?? ''))
      expect(page.url()).toBe(`${origin}/`)
      expect(complaints).toEqual([])
    },
  )
})

test.each(named(all.filter(({ words }) => words.includes('vault'))))(
  '%s signs in with its worker',
  async (_, block) => {
    const { page, complaints } = await open(block)
    await page.getByRole('button').click()
    await expect.poll(() => page.getByRole('button').textContent(), { timeout: 10_000 }).toMatch(/^Signed in: .+/)
    expect(complaints).toEqual([])
  },
)
