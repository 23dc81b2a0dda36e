import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmulator } from '../../src/emulator/index.ts'
import { useBrowser } from '../browser/browser.ts'
import { build as buildPackage, buildSite } from '../kit/build.ts'
import { newFolder } from '../kit/folder.ts'
import { installedModules } from '../kit/installed.ts'
import { startServer, type TestServer } from '../kit/server.ts'
import { type Block, blocks, isForNewcomers, root } from './blocks.ts'
import { asShown } from './quickstarts.ts'
import { filesOf, provideIms, provideNetwork, type ReachableIms, type ViteVariables } from './served.ts'

// the first programs for browsers, as a newcomer runs them: copied from the site, with the package from the registry,
// and with the failures that users meet

const newContext = useBrowser({ args: ['--host-resolver-rules=MAP example.test 127.0.0.1'] })
const emulated = 'http://127.0.0.1:9090'
const variables = { VITE_CLIENT_ID: 'emulator-public', VITE_IMS_ENDPOINT: emulated }

let server: TestServer
let folder = ''
let files = new Map<string, string>()

beforeAll(async () => {
  await buildPackage()
  folder = dirname(await installedModules())
  server = await startServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    response.setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(files.get(pathname))
  }, 'localhost')
}, 600_000)
afterAll(() => server.close())

interface Opened {
  readonly page: Page
  readonly ims: ReachableIms
  /** Errors that no code handled. */
  readonly unhandled: readonly string[]
  /** What the console shows a developer. */
  readonly console: readonly string[]
}

interface Setting {
  readonly env?: ViteVariables
  readonly host?: string
  /** The project whose packages the program imports. Default: one with imskit alone. */
  readonly project?: string
  /** Runs before every script of the page. */
  readonly before?: () => void
}

async function open(
  block: Block,
  { env = variables, host = 'localhost', before, project = folder }: Setting = {},
): Promise<Opened> {
  files = await filesOf(block, { folder: project, env })
  const context: BrowserContext = await newContext()
  if (before !== undefined) await context.addInitScript(before)
  const ims = await provideIms(context, emulated, await createEmulator({ endpoint: emulated }))
  await provideNetwork(context)
  const page = await context.newPage()
  const [unhandled, console]: [string[], string[]] = [[], []]
  page.on('pageerror', (error) => unhandled.push(String(error)))
  page.on('console', (message) => console.push(message.text()))
  await page.goto(`http://${host}:${new URL(server.url).port}/`)
  return { page, ims, unhandled, console }
}

const button = (page: Page) => page.getByRole('button', { name: 'Sign in' })
const shown = (page: Page, text: string | RegExp) => page.locator('p', { hasText: text }).waitFor()

async function enterPassword(page: Page): Promise<void> {
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Signs in as a user does, until the page shows a token. */
async function signIn(page: Page): Promise<void> {
  await button(page).click()
  await enterPassword(page)
  await page.getByRole('button', { name: 'Allow access' }).click()
  await shown(page, /^Access token: eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
}

const found = blocks.filter((block) => isForNewcomers(block) && (block.place === 'page' || block.place === 'block'))
/** README has the programs of the quickstarts. */
const programs = [...new Map(found.map((block) => [block.code, block])).values()]

test('there are programs with a bundler, with a script tag and for AEM', () => {
  expect(new Set(programs.map(({ language, place }) => `${place} ${language}`))).toEqual(
    new Set(['page js', 'page html', 'block js']),
  )
})

describe.each(programs.map((block) => [block.at, block] as const))('%s', (_, block) => {
  test('as the site shows it, shows a token after the sign-in, and after a reload', { timeout: 300_000 }, async () => {
    await buildSite()
    const { page, unhandled } = await open(asShown(block))
    await shown(page, 'Please sign in.')
    await signIn(page)
    expect(new URL(page.url()).search).toBe('')
    await page.reload()
    await shown(page, /^Access token: eyJ/)
    expect(unhandled).toEqual([])
  })

  test('can be used after the user canceled', async () => {
    const { page, unhandled } = await open(block)
    await button(page).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await shown(page, 'Please sign in.')
    await signIn(page)
    expect(unhandled).toEqual([])
  })

  test('can be used after IMS could not be reached at the sign-in', async () => {
    const { page, ims, unhandled } = await open(block)
    ims.unreachable = /./
    const failed = page.waitForEvent('requestfailed')
    await button(page).click()
    await failed
    await page.waitForURL(/^chrome-error:/)
    ims.unreachable = undefined
    // a page from the back-forward cache does not load
    await page.goBack({ waitUntil: 'commit' })
    await signIn(page)
    expect(unhandled).toEqual([])
  })

  test('says so if IMS cannot be reached after the sign-in, and does not ask the user to sign in again', async () => {
    const { page, ims, unhandled } = await open(block)
    ims.unreachable = /token/
    await button(page).click()
    await enterPassword(page)
    await page.getByRole('button', { name: 'Allow access' }).click()
    await shown(page, 'The sign-in service cannot be reached. Please check your internet connection and try again.')
    expect(new URL(page.url()).pathname).toBe('/')
    ims.unreachable = undefined
    await button(page).click()
    await shown(page, /^Access token: eyJ/)
    expect(unhandled).toEqual([])
  })

  test('works if the browser denies the database', async () => {
    const before = () => {
      Object.defineProperty(globalThis, 'indexedDB', {
        value: {
          open() {
            throw new DOMException('denied', 'SecurityError')
          },
        },
      })
    }
    const { page, unhandled } = await open(block, { before })
    await signIn(page)
    expect(unhandled).toEqual([])
  })

  test('says so if the browser denies every storage, and does not redirect the user without a way back', async () => {
    const before = () => {
      for (const name of ['indexedDB', 'sessionStorage', 'localStorage']) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException('denied', 'SecurityError')
          },
        })
      }
    }
    const { page, unhandled } = await open(block, { before })
    await shown(page, 'Please sign in.')
    await button(page).click()
    await shown(page, 'Your sign-in could not be saved. Please try again.')
    expect(new URL(page.url()).pathname).toBe('/')
    expect(unhandled).toEqual([])
  })

  test('says so if the database does not answer', async () => {
    const before = () => {
      IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest
    }
    const { page, unhandled } = await open(block, { before })
    await page
      .locator('p', { hasText: 'Your sign-in could not be saved. Please try again.' })
      .waitFor({ timeout: 30_000 })
    await button(page).waitFor()
    expect(unhandled).toEqual([])
  })

  test('says what to do at an insecure origin', async () => {
    const { page, console, unhandled } = await open(block, { host: 'example.test' })
    await shown(page, 'Sign-in is not set up correctly. Please contact the support of this app.')
    expect(await button(page).count()).toBe(0)
    expect(console.join()).toContain('serve the app over https, or from localhost')
    expect(unhandled).toEqual([])
  })

  test('says what to do without a client id', async () => {
    const unset = { ...block, code: block.code.replace("'emulator-public'", "''") }
    const { page, console, unhandled } = await open(unset, { env: {} })
    await shown(page, 'Sign-in is not set up correctly. Please contact the support of this app.')
    expect(console.join()).toContain('authorizationCode needs clientId')
    expect(unhandled).toEqual([])
  })
})

describe('the app of docs/react.md', () => {
  const [client, main] = blocks.filter(({ at, place }) => at.startsWith('docs/react.md') && place === 'react')
  const code = [client, main].map((block) => block?.code.replace(/^import .* from '\.\/ims'$/m, '')).join('\n')
  const app = {
    ...(main as Block),
    place: 'page',
    code: code.replace("document.getElementById('root')", "document.body.appendChild(document.createElement('div'))"),
  }
  const allow = async (page: Page) => {
    await button(page).click()
    await enterPassword(page)
    await page.getByRole('button', { name: 'Allow access' }).click()
  }

  test('signs in after the user canceled', async () => {
    const { page, unhandled } = await open(app, { project: root })
    await button(page).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await button(page).waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await allow(page)
    await shown(page, /^Hello, .+/)
    expect(unhandled).toEqual([])
  })

  test('says so if IMS cannot be reached, and can be used afterwards', async () => {
    const { page, ims, unhandled } = await open(app, { project: root })
    ims.unreachable = /token/
    await allow(page)
    await page.getByRole('alert').filter({ hasText: 'The sign-in service cannot be reached.' }).waitFor()
    ims.unreachable = undefined
    await button(page).click()
    await shown(page, /^Hello, .+/)
    expect(unhandled).toEqual([])
  })

  test('can be imported and rendered by a server', async () => {
    const file = join(newFolder(), 'app.cjs')
    const rendered = `console.log(renderToString(<ImsProvider client={ims}><App /></ImsProvider>))`
    await build({
      stdin: {
        contents: `import { renderToString } from 'react-dom/server'
          ${code.replace(/^createRoot\(.*/ms, rendered)}`,
        resolveDir: root,
        loader: 'tsx',
      },
      bundle: true,
      outfile: file,
      format: 'cjs',
      platform: 'node',
      jsx: 'automatic',
      logLevel: 'error',
      define: { 'import.meta.env': JSON.stringify(variables) },
    })
    const { stdout } = await promisify(execFile)(process.execPath, [file])
    expect(stdout).toBe('<main aria-busy="true"></main>\n')
  })
})
