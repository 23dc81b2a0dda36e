import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { newPlace } from '../kit/place.ts'
import { newEmulator, serve, useApp, writeFiles } from './bindings/app.ts'
import { useFramework } from './kit/installed.ts'

// what `ng new` makes, with the files of docs/angular.md, built by `ng build`

const project = useFramework('angular')
const newContext = useBrowser()
const app = () => join(project(), 'projects', 'app')
const out = () => join(app(), 'dist', 'app')

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
  const emulator = await newEmulator()
  writeFiles('angular', app(), (code) => code.replaceAll('http://127.0.0.1:9090', emulator.url))
  const routes =
    "import type { Routes } from '@angular/router'\nexport const routes: Routes = [{ path: '**', children: [] }]\n"
  writeFileSync(join(app(), 'src/app/app.routes.ts'), routes)
  expect(await ng(app(), 'build', '--stats-json')).not.toMatch(/warning/i)

  const { atStart, all } = modulesOf(JSON.parse(readFileSync(join(out(), 'stats.json'), 'utf8')))
  expect(atStart).toContainEqual(expect.stringContaining('imskit/dist/esm/core/client.js'))
  for (const name of ['oauth4webapi', 'jose']) {
    expect(atStart).not.toContainEqual(expect.stringContaining(`node_modules/${name}/`))
    expect(all).toContainEqual(expect.stringContaining(`node_modules/${name}/`))
  }

  const origin = await serve(join(out(), 'browser'))
  const context = await newContext()
  await useApp(context, origin, emulator, async (page) => {
    await page.getByRole('button', { name: 'Call the API' }).click()
    await page.getByText('user@example.com').waitFor()
    expect(await page.locator('output').textContent()).toBe('user@example.com')
  })
}, 300_000)
