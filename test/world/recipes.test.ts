import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { freePort } from '../browser/ims.ts'
import { type Block, blocksIn, blocksOf } from '../docs/blocks.ts'
import { newPlace } from '../kit/place.ts'
import { manifestsOf, useFramework } from './kit/installed.ts'

// the recipes of docs/testing-workers.md and docs/testing-browsers.md, as they stand, with the tools that they name

const project = useFramework('recipes')
const newContext = useBrowser()

/** The value of a word such as `file=src/main.ts` of a block. */
const wordOf = ({ words }: Block, name: string) =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)

const blocksOfRecipe = (name: string) => blocksIn('recipe').filter((block) => wordOf(block, 'of') === name)
const tested: string[] = []

/** A recipe as a project: its files, its commands, and the ports that these name, which are free here. */
interface Recipe {
  readonly folder: string
  readonly ports: Readonly<Record<string, number>>
  command(name: string): string
}

/** Writes the blocks of `names` into a folder below the installed packages. */
async function recipe(...names: readonly string[]): Promise<Recipe> {
  tested.push(...names)
  const folder = join(project(), names.join('-'))
  const ports = { '5173': await freePort(), '8787': await freePort(), '9090': await freePort() }
  const here = ({ code }: Block) => code.replace(/\b(?:5173|8787|9090)\b/g, (port) => String(ports[port as '5173']))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "recipe", "private": true, "type": "module" }')
  const blocks = names.flatMap(blocksOfRecipe)
  for (const block of blocks) {
    const [file, first] = [wordOf(block, 'file'), wordOf(block, 'first')]
    const path = join(folder, file ?? first ?? '')
    if (file ?? first) mkdirSync(dirname(path), { recursive: true })
    if (file !== undefined) writeFileSync(path, `${here(block)}\n`)
    if (first !== undefined) writeFileSync(path, `${here(block)}\n${readFileSync(path, 'utf8')}`)
  }
  const commands = new Map(blocks.map((block) => [wordOf(block, 'run'), here(block)]))
  return { folder, ports, command: (name) => commands.get(name) ?? '' }
}

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  readonly output: () => string
}

/** Runs the lines of a block in a shell; what still runs is killed when the test has finished. */
function shell(folder: string, lines: string): Run {
  const env = {
    ...newPlace({ CI: 'true', npm_config_update_notifier: 'false', NO_COLOR: '1' }).env,
    ...{ WRANGLER_SEND_METRICS: 'false', CYPRESS_INSTALL_BINARY: '0' },
  }
  // a group of its own, because npx and the emulator start the tools
  const child = spawn('sh', ['-ec', lines], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => printed.push(String(data)))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  })
  return { child, ended, output: () => printed.join('') }
}

async function succeeds(folder: string, lines: string): Promise<string> {
  const { ended, output } = shell(folder, lines)
  const code = await ended
  expect(code, output()).toBe(0)
  return output()
}

/** Waits until `url` answers. */
async function answer(url: string, { ended, output }: Run): Promise<Response> {
  let exited = false
  void ended.then(() => (exited = true))
  const ask = async (): Promise<Response> => {
    if (exited) throw new Error(output())
    return fetch(url).catch(() => new Promise((resolve) => setTimeout(resolve, 100)).then(ask))
  }
  return ask()
}

const chromium = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const app = (folder: string) => cpSync(join(manifestsOf('recipes'), 'app'), folder, { recursive: true })

describe('a Worker', () => {
  test('runs in wrangler dev', { timeout: 240_000 }, async () => {
    const { folder, ports, command } = await recipe('worker')
    const response = await answer(`http://localhost:${ports['8787']}/`, shell(folder, command('dev')))
    expect(await response.json()).toMatchObject({ scopes: ['openid', 'AdobeID'] })
  })

  test('is tested by Vitest in workerd', { timeout: 240_000 }, async () => {
    const { folder, command } = await recipe('worker')
    expect(await succeeds(folder, command('test'))).toMatch(/Tests +1 passed/)
  })
})

describe('a browser app', () => {
  test('is tested by Playwright', { timeout: 240_000 }, async () => {
    const { folder, command } = await recipe('app', 'playwright')
    app(folder)
    const use = `{ ...config.use, launchOptions: { executablePath: ${JSON.stringify(chromium)} } }`
    const config = `import config from './playwright.config.ts'\nexport default { ...config, use: ${use} }\n`
    writeFileSync(join(folder, 'here.config.ts'), config)
    expect(await succeeds(folder, `${command('test')} -c here.config.ts`)).toMatch(/2 passed/)
  })

  test('has its API mocked by MSW', { timeout: 240_000 }, async () => {
    const { folder, ports, command } = await recipe('app', 'msw-browser')
    app(folder)
    const url = `http://localhost:${ports['5173']}/`
    await answer(url, shell(folder, command('dev')))
    const page = await (await newContext()).newPage()
    await page.goto(url)
    const status = page.getByRole('status')
    await expect.poll(() => status.textContent(), { timeout: 60_000 }).toBe('Please sign in.')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Password').fill('any')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Allow access' }).click()
    await expect.poll(() => status.textContent()).toBe('1 datasets')
  })
})

test('a program is tested with MSW', { timeout: 120_000 }, async () => {
  const { folder, command } = await recipe('msw-node')
  expect(await succeeds(folder, command('test'))).toMatch(/Tests +2 passed/)
})

describe('the types', () => {
  interface Types {
    readonly names: readonly string[]
    readonly list: readonly string[]
    readonly prepare?: string
  }
  const types: readonly Types[] = [
    { names: ['worker'], list: ['node', './worker-configuration.d.ts'], prepare: 'npx wrangler types' },
    { names: ['app', 'playwright'], list: ['node', 'vite/client'] },
    { names: ['app', 'msw-browser'], list: ['vite/client'] },
    // Cypress downloads its browser, so its recipe is compiled only
    { names: ['cypress'], list: ['cypress'] },
    { names: ['msw-node'], list: ['node'] },
  ]

  test.each(types)('of $names are right', { timeout: 240_000 }, async ({ names, list, prepare }) => {
    const { folder } = await recipe(...names)
    const compilerOptions = {
      ...{ strict: true, skipLibCheck: true, noEmit: true, target: 'es2023', types: list },
      ...{ lib: ['es2023', 'dom', 'dom.iterable'], module: 'esnext', moduleResolution: 'bundler' },
      ...{ allowImportingTsExtensions: true, moduleDetection: 'force' },
    }
    const include = ['**/*.ts']
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }))
    if (prepare !== undefined) await succeeds(folder, prepare)
    await succeeds(folder, 'npx tsc -p .')
  })
})

const pages = ['docs/testing-workers.md', 'docs/testing-browsers.md']
/** The pages whose recipes another file of tests runs. */
const elsewhere = ['docs/frameworks.md', 'docs/next.md', 'docs/operations.md', 'docs/servers.md']
const blocks = pages.flatMap(blocksOf).filter(({ place }) => place === 'recipe')
afterAll(() => expect(new Set(tested)).toEqual(new Set(blocks.map((block) => wordOf(block, 'of')))))

test('the pages with recipes are those that are tested', () => {
  const found = new Set(blocksIn('recipe').map(({ at }) => at.split(':')[0]))
  expect([...found].sort()).toEqual([...pages, ...elsewhere].sort())
})

test('each block of a recipe is a file or a command', () => {
  expect(blocks.length).toBeGreaterThan(15)
  const idle = blocks.filter((block) => !['file', 'first', 'run'].some((name) => wordOf(block, name)))
  expect(idle.map(({ at }) => at)).toEqual([])
})
