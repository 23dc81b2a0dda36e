import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../../browser/browser.ts'
import { useFramework } from '../kit/installed.ts'
import { createVite } from '../templates/projects.ts'
import { newEmulator, serve, settingsFor, useApp, writeFiles } from './app.ts'

// the app of docs/svelte.md, in what create-vite makes for Svelte

const project = useFramework('svelte')
const newContext = useBrowser()
let folder = ''

beforeAll(async () => {
  folder = join(project(), 'app')
  await createVite(folder, 'svelte-ts')
  writeFiles('svelte', folder)
})

/** What a program of the project prints. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const path = join(project(), 'node_modules', program)
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path, ...args], { cwd: folder })
  return `${stdout}${stderr}`
}

test('compiles', async () => {
  const found = await run('svelte-check/bin/svelte-check', '--tsconfig', './tsconfig.app.json', '--fail-on-warnings')
  expect(found).toMatch(/found 0 errors and 0 warnings/i)
})

test('is built without a warning, and works', async () => {
  const emulator = await newEmulator()
  writeFileSync(join(folder, '.env'), settingsFor(emulator))
  expect(await run('vite/bin/vite.js', 'build', '--logLevel', 'warn')).toBe('')
  await useApp(await newContext(), await serve(join(folder, 'dist')), emulator)
})
