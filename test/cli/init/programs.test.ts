import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build as bundle } from 'esbuild'
import { Miniflare } from 'miniflare'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { useBrowser } from '../../browser/browser.ts'
import { freePort } from '../../browser/ims.ts'
import { build, built, root } from '../../kit/build.ts'
import { folderOfFile } from '../../kit/folder.ts'
import { unpack } from '../../kit/packed.ts'
import { compilers, typeCheck } from '../../kit/type-check.ts'

// the programs that init writes, with the packed package: they compile, and a user gets a token with each

const run = promisify(execFile)
const place = folderOfFile()
const modules = join(root, 'node_modules')
const templates = join(modules, 'create-vite')
let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  mkdirSync(join(place, 'packed'))
  await unpack(root, join(place, 'packed'))
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
}, 300_000)
afterAll(() => emulator.close())

/** A project with imskit and links to other packages, after `imskit init`. */
async function initialized(name: string, files: Readonly<Record<string, string>>, links: readonly string[] = []) {
  const folder = join(place, name)
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  cpSync(join(place, 'packed/node_modules'), join(folder, 'node_modules'), { recursive: true })
  // what the bindings import is there already
  for (const each of links.filter((each) => !existsSync(join(folder, 'node_modules', each)))) {
    mkdirSync(join(folder, 'node_modules', each, '..'), { recursive: true })
    symlinkSync(join(modules, each), join(folder, 'node_modules', each), 'dir')
  }
  await run(process.execPath, [built('cli'), 'init'], { cwd: folder })
  return folder
}

const viteTemplate = (name: string) => async (folder: string) => {
  cpSync(join(templates, `template-${name}`), folder, { recursive: true })
}

const resolutions = [
  ['node16', 7, { module: 'node16' }],
  ['nodenext', 7, { module: 'nodenext' }],
  ['bundler', 6, { module: 'esnext', moduleResolution: 'bundler' }],
  ['node', 5, { module: 'esnext', moduleResolution: 'node' }],
] as const

describe.each([
  [
    'vite',
    { 'package.json': '{"type":"module","devDependencies":{"vite":"8"}}', 'tsconfig.json': '{}' },
    'src/ims.ts',
    ['vite'],
  ],
  [
    'next',
    { 'package.json': '{"type":"module","dependencies":{"next":"16"}}', 'tsconfig.json': '{}' },
    'lib/ims.ts',
    [],
  ],
  [
    'worker',
    { 'package.json': '{"type":"module","devDependencies":{"wrangler":"4"}}', 'tsconfig.json': '{}' },
    'src/ims.ts',
    [],
  ],
  ['node', { 'package.json': '{"type":"module"}' }, 'ims.mjs', []],
  ['page', { 'index.html': '' }, 'ims-serve.mjs', []],
] as const)('%s', (kind, files, file, links) => {
  test('compiles in every resolution', { timeout: 300_000 }, async () => {
    const folder = await initialized(`compiled-${kind}`, files, ['@types/node', 'undici-types', ...links])
    const lib = kind === 'worker' || kind === 'node' ? ['es2023'] : ['es2023', 'dom', 'dom.iterable']
    const types = kind === 'worker' ? [] : ['node']
    for (const [resolution, version, mode] of resolutions) {
      const options = {
        skipLibCheck: true,
        checkJs: true,
        allowJs: true,
        lib: [...lib, ...(kind === 'worker' ? ['webworker'] : [])],
        types,
        ...mode,
      }
      expect([resolution, await typeCheck(compilers[version], { project: folder, files: [file], options })]).toEqual([
        resolution,
        '',
      ])
    }
  })
})

const newContext = useBrowser()

/** Signs in at the page, and out again. */
async function signInAndOut(page: Page, url: string): Promise<void> {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
  await page.getByText('Not signed in.').waitFor()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText(/^Signed in/).waitFor()
  expect(new URL(page.url()).search).toBe('')
  await page.reload()
  await page.getByText(/^Signed in/).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('Not signed in.').waitFor()
  expect(complaints).toEqual([])
}

/** Waits for a line of a program, which ends with the test. */
function started(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  onTestFinished(() => void child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    let text = ''
    const look = (chunk: Buffer) => {
      text += chunk
      const match = pattern.exec(text)
      if (match) resolve(match)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('exit', () => reject(new Error(text)))
  })
}

describe('a user gets a token', () => {
  test('in a program for Node.js', { timeout: 60_000 }, async () => {
    const folder = await initialized('run-node', { 'package.json': '{}' })
    const env = { PATH: process.env.PATH, HOME: folder, IMS_ENDPOINT: emulator.url }
    const { stdout } = await run(process.execPath, ['--env-file=.env', 'ims.mjs'], { cwd: folder, env })
    expect(stdout).toMatch(/^Got a token\. It expires at 20\d\d-.* Scopes: openid, AdobeID/)
  })

  test('in a Worker', { timeout: 60_000 }, async () => {
    const folder = await initialized('run-worker', { 'wrangler.jsonc': '{}', 'package.json': '{"type":"module"}' })
    const entry = `import { imsOf } from './src/ims.js'\nexport default { fetch: async (_, env) => new Response(await imsOf(env).getToken()) }`
    const { outputFiles } = await bundle({
      stdin: { contents: entry, resolveDir: folder },
      ...{ bundle: true, format: 'esm', write: false, conditions: ['workerd', 'worker', 'browser'] },
    })
    const lines = readFileSync(join(folder, '.dev.vars'), 'utf8')
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
    const bindings = Object.fromEntries(lines.map((line) => line.split('=') as [string, string]))
    const worker = new Miniflare({
      modules: true,
      script: outputFiles[0]?.text ?? '',
      compatibilityDate: '2024-09-23',
      bindings: { ...bindings, IMS_ENDPOINT: emulator.url },
    })
    onTestFinished(() => worker.dispose())
    expect(await (await worker.dispatchFetch('http://localhost/')).text()).toMatch(/^eyJ/)
  })

  test.each(['vanilla', 'react-ts', 'vue-ts', 'svelte'])(
    'in a browser app with Vite: %s',
    { timeout: 120_000 },
    async (template) => {
      const folder = join(place, `run-${template}`)
      await viteTemplate(template)(folder)
      const [file = ''] = readdirSync(folder).filter((name) => name === 'package.json')
      // only the client matters here: the page of the template gives way to one that loads it
      const isTyped = template.endsWith('-ts')
      await initialized(
        `run-${template}`,
        {
          [file]: readFileSync(join(folder, file), 'utf8'),
          'index.html': `<!doctype html><title>App</title><body><script type="module">
        import { showSignIn } from './src/ims.${isTyped ? 'ts' : 'js'}'
        await showSignIn(document.body)
      </script>`,
        },
        template === 'vue-ts' ? ['vite', 'vue', '@vue/tsconfig'] : ['vite'],
      )
      const port = await freePort()
      const env = { PATH: process.env.PATH, HOME: folder, VITE_IMS_ENDPOINT: emulator.url }
      const args = [
        join(modules, 'vite/bin/vite.js'),
        '--port',
        String(port),
        '--strictPort',
        '--config',
        join(folder, 'none.js'),
      ]
      writeFileSync(join(folder, 'none.js'), 'export default {}\n')
      await started(spawn(process.execPath, args, { cwd: folder, env }), /ready in/)
      await signInAndOut(await (await newContext()).newPage(), `http://localhost:${port}/`)
    },
  )

  test('on a page without a build', { timeout: 60_000 }, async () => {
    const html = `<!doctype html><title>App</title><body><script type="module">
      import { showSignIn } from './ims.js'; await showSignIn(document.body)</script>`
    const folder = await initialized('run-page', { 'index.html': html })
    const config = join(folder, 'ims-config.js')
    writeFileSync(config, readFileSync(config, 'utf8').replace('http://127.0.0.1:9090', emulator.url))
    const port = String(await freePort())
    const env = { PATH: process.env.PATH, PORT: port }
    await started(spawn(process.execPath, ['ims-serve.mjs'], { cwd: folder, env }), /localhost/)
    await signInAndOut(await (await newContext()).newPage(), `http://localhost:${port}/`)
    for (const hidden of ['/.env', '/ims-serve.mjs', '/..%2f..%2fetc/passwd', '/absent'])
      expect((await fetch(`http://localhost:${port}${hidden}`)).status).toBe(404)
  })
})
