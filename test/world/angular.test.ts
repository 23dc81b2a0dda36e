import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { useBrowser } from '../browser/browser.ts'
import { newPlace } from '../kit/place.ts'
import { manifestsOf, useFramework } from './kit/installed.ts'

// what `ng new` makes, with a component that imports `imskit/browser`, built by `ng build`

const project = useFramework('angular')
const newContext = useBrowser()
const app = () => join(project(), 'projects', 'app')
const out = () => join(app(), 'dist', 'app')
let emulator: RunningEmulator
let server: Server

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

beforeAll(async () => {
  emulator = await startEmulator()
  server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const file = pathname === '/' ? 'index.html' : pathname.slice(1)
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(join(out(), 'browser', file)))
  }).listen(0, 'localhost')
  await once(server, 'listening')
})
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await emulator?.close()
})

async function ng(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = { ...newPlace().env, NG_CLI_ANALYTICS: 'false' }
  const program = join(project(), 'node_modules/@angular/cli/bin/ng.js')
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], { cwd, env })
  return `${stdout}${stderr}`
}

interface Stats {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly inputs: Readonly<Record<string, unknown>>
        readonly imports: readonly { readonly path: string; readonly kind: string }[]
        readonly entryPoint?: string
      }
    >
  >
}

/** The modules in the files that the first page loads at once, and those in all files. */
function modulesOf({ outputs }: Stats): { atStart: readonly string[]; all: readonly string[] } {
  const found = new Set<string>()
  const visit = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    for (const { path, kind } of outputs[name]?.imports ?? []) if (kind === 'import-statement') visit(path)
  }
  for (const [name, { entryPoint }] of Object.entries(outputs)) if (entryPoint === 'src/main.ts') visit(name)
  const inputs = (names: Iterable<string>) => [...names].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}))
  return { atStart: inputs(found), all: inputs(Object.keys(outputs)) }
}

test('a new Angular project builds without a warning, loads the protocol only when it is needed, and signs in', async () => {
  mkdirSync(join(project(), 'projects'))
  await ng(
    join(project(), 'projects'),
    'new',
    'app',
    '--defaults',
    '--skip-install',
    '--skip-git',
    '--ai-config',
    'none',
  )
  cpSync(join(manifestsOf('angular'), 'src'), join(app(), 'src'), { recursive: true })
  const defined = { IMS: emulator.url, CLIENT_ID: emulator.contexts.oauth_public.client_id }
  const define = Object.entries(defined).flatMap(([name, value]) => ['--define', `${name}=${JSON.stringify(value)}`])
  expect(await ng(app(), 'build', '--stats-json', ...define)).not.toMatch(/warning/i)

  const { atStart, all } = modulesOf(JSON.parse(readFileSync(join(out(), 'stats.json'), 'utf8')))
  expect(atStart).toContainEqual(expect.stringContaining('imskit/dist/esm/core/client.js'))
  for (const name of ['oauth4webapi', 'jose']) {
    expect(atStart).not.toContainEqual(expect.stringContaining(`node_modules/${name}/`))
    expect(all).toContainEqual(expect.stringContaining(`node_modules/${name}/`))
  }

  const page = await (await newContext()).newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  await page.getByText('LOGIN_REQUIRED').waitFor()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
  await page.getByText('signed in for openid,profile').waitFor()
  expect(complaints).toEqual([])
}, 300_000)
