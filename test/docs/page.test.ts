import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { build } from '../kit/build.ts'
import { startServer, type TestServer } from '../kit/server.ts'
import { type Block, blocksIn, isForNewcomers } from './blocks.ts'
import { type ImsOfThePages, publicIms, startImsOfThePages } from './ims-of-the-pages.ts'
import { type BundleOptions, filesOf, provideIms, provideNetwork, scriptOf } from './served.ts'

declare global {
  interface Window {
    /** What the block left behind. */
    leftBehind?: string
  }
}

const newContext = useBrowser()
let ims: ImsOfThePages
let site: TestServer
let origin = ''
/** What the server of the app serves, by path. */
let files = new Map<string, string>()

beforeAll(async () => {
  await build()
  ims = await startImsOfThePages()
  site = await startServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const file = files.get(pathname)
    response.setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(file ?? files.get('/'))
  }, 'localhost')
  origin = site.url
}, 300_000)
afterAll(async () => {
  await site.close()
  await ims.close()
})

/** Leaves the outcome of a block to the test. */
const outcome = "\nglobalThis.leftBehind = typeof token === 'undefined' ? 'ran' : (token ?? 'signed out')\n"
const env = { VITE_CLIENT_ID: 'your-client-id' }

/** Opens it with the emulator in place of IMS, and this build in place of the content delivery network. */
async function open(block: Block): Promise<{ page: Page; complaints: string[]; said: string[] }> {
  files = await filesOf(block, { env, suffix: outcome })
  for (const [path, other] of besides(block)) {
    const options = { env, suffix: outcome }
    files.set(path, other.place === 'webworker' ? await scriptOf(other, options) : await documentOf(other, options))
  }
  const context = await newContext()
  await provideIms(context, publicIms, ims)
  await provideNetwork(context)
  const page = await context.newPage()
  const complaints: string[] = []
  const said: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => said.push(message.text()))
  await page.goto(`${origin}/`)
  return { page, complaints, said }
}

const documentOf = async (block: Block, options: BundleOptions) => (await filesOf(block, options)).get('/') ?? ''

const pathOf = ({ words }: Block) => words.find((word) => word.startsWith('at='))?.slice(3)

/** The other files of the page that `block` stands on. */
function besides({ at }: Block): Map<string, Block> {
  const [document] = at.split(':')
  const files = [...blocksIn('page'), ...blocksIn('webworker')].filter((other) => other.at.split(':')[0] === document)
  return new Map(files.flatMap((file) => (pathOf(file) === undefined ? [] : [[pathOf(file) ?? '', file]])))
}

const named = (blocks: readonly Block[]) => blocks.map((block) => [block.at, block] as const)
const all = blocksIn('page')

describe('the pages of the documentation', () => {
  test('are there', () => expect(all.length).toBeGreaterThan(8))

  test.each(named(all.filter(({ language }) => language === 'js')))('%s runs as it stands', async (_, block) => {
    const { page, complaints } = await open(block)
    await page.waitForFunction(() => window.leftBehind !== undefined)
    expect(complaints).toEqual([])
  })

  test.each(named(all.filter(({ language }) => language === 'html')))('%s runs as it stands', async (_, block) => {
    const { complaints, said } = await open(block)
    if (!isForNewcomers(block)) await expect.poll(() => said, { timeout: 10_000 }).toContain('LOGIN_REQUIRED')
    expect(complaints).toEqual([])
  })
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
