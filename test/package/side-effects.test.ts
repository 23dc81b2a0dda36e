import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Miniflare } from 'miniflare'
import type { Page } from 'playwright'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
// @ts-expect-error plain JavaScript, which also measures the sizes
import { inOneFile } from '../../scripts/bundles.mjs'
import { useBrowser } from '../browser/browser.ts'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { entriesIn, frameworks, unpack } from '../kit/packed.ts'
import { placeIn } from '../kit/place.ts'

// importing an entry starts nothing and leaves nothing, wherever it is imported

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)

const project = folderOfFile()

beforeAll(async () => {
  await build()
  await unpack(root, project)
}, 300_000)

describe('in Node, importing', () => {
  async function imported(specifier: string) {
    const { env } = placeIn(join(project, 'place'))
    // what a framework does is its own
    const framework = frameworks.find((name) => specifier === `imskit/${name}`)
    const before = framework === undefined ? '' : `await import('${framework}');`
    const source = `${before} watched(); await import(${JSON.stringify(specifier)}); console.log(JSON.stringify(watched()))`
    writeFileSync(join(project, 'program.mjs'), source)
    const args = ['--require', fixture('watch-node.cjs'), 'program.mjs']
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: project, env, timeout: 20_000 })
    return { ...JSON.parse(stdout), stderr }
  }

  const nothing = { calls: [], files: [], globals: [], listeners: [], resources: [], env: false, stderr: '' }

  test('what does everything is seen doing it', async () => {
    copyFileSync(fixture('noisy-node.mjs'), join(project, 'noisy.mjs'))
    expect(await imported('./noisy.mjs')).toEqual({
      calls: expect.arrayContaining([
        'child_process.execFile',
        'crypto.randomUUID',
        'dns.lookup',
        'globalThis.fetch',
        'globalThis.setImmediate',
        'globalThis.setInterval',
        'globalThis.setTimeout',
        'http.get',
        'net.connect',
        'process.once',
        'subtle.digest',
        'timers/promises.setTimeout',
      ]),
      files: expect.arrayContaining(['./some-file', './other-file', './third-file']),
      globals: expect.arrayContaining(['0 mine', expect.stringMatching(/^[1-9]\d* mine$/)]),
      listeners: ['SIGUSR2'],
      resources: expect.arrayContaining(['Timeout']),
      env: true,
      stderr: '',
    })
  })

  test('an entry does nothing', { timeout: 120_000 }, async () => {
    for (const entry of entriesIn(project)) {
      expect({ entry, ...(await imported(entry)) }).toEqual({ entry, ...nothing })
    }
  })

  test('and the first client take no module of Node that takes longer than they do', async () => {
    const source = `
      import { clientCredentials, createClient, nodePlatform } from 'imskit/node'
      const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: ['openid'] })
      createClient({ flow, ...nodePlatform() })
      console.log(JSON.stringify(process.moduleLoadList))`
    writeFileSync(join(project, 'first-client.mjs'), source)
    const { stdout } = await promisify(execFile)(process.execPath, ['first-client.mjs'], { cwd: project })
    const loaded = (JSON.parse(stdout) as string[]).map((name) => name.replace('NativeModule ', ''))
    expect(loaded).toContain('os')
    const slow = ['child_process', 'crypto', 'dns', 'http', 'https', 'net', 'readline', 'stream', 'tls', 'zlib']
    expect(loaded.filter((name) => slow.includes(name))).toEqual([])
  })
})

const everything = (entry: string) => `import * as all from '${entry}'; export const names = Object.keys(all)`

describe('in workerd, importing', () => {
  /** While a module loads, workerd allows no timer, no request and no randomness: it would not start. */
  async function started(code: string): Promise<unknown> {
    const script = `
      import './before.mjs'
      import { names } from './entry.mjs'
      const added = Reflect.ownKeys(globalThis).map(String).filter((key) => !globalThis.keysBefore.includes(key))
      export default { fetch: () => Response.json({ added, names: names.length }) }`
    const before = `
      const { fetch } = globalThis
      globalThis.fetch = (...request) => {
        globalThis.fetched = true
        return fetch(...request)
      }
      globalThis.keysBefore = [...Reflect.ownKeys(globalThis).map(String), 'keysBefore']`
    const files = { 'worker.mjs': script, 'before.mjs': before, 'entry.mjs': code }
    const worker = new Miniflare({
      modules: Object.entries(files).map(([path, contents]) => ({ type: 'ESModule', path, contents })),
      compatibilityDate: '2026-04-01',
      port: 0,
      handleRuntimeStdio: () => {},
    })
    onTestFinished(() => worker.dispose().catch(() => {}))
    return (await worker.dispatchFetch('https://app.example/')).json()
  }

  test.each(['setTimeout(() => {}, 1)', 'crypto.randomUUID()'])('what does %s is not loaded', async (code) => {
    await expect(started(`${code}; export const names = []`)).rejects.toThrow()
  })

  test('what asks the network is seen asking', async () => {
    const code = 'fetch("https://app.example").catch(() => {}); globalThis.mine = 1; export const names = []'
    expect(await started(code)).toEqual({ added: ['fetched', 'mine'], names: 0 })
  })

  test.each([
    'imskit',
    'imskit/worker',
    'imskit/core',
    'imskit/emulator',
    'imskit/hono',
    'imskit/next',
    'imskit/testing',
  ])('%s does nothing', async (entry) => {
    const options = { platform: 'neutral', mainFields: ['module'], conditions: ['workerd', 'worker'] }
    const external = ['node:http', 'node:https', 'next/*']
    const code = await inOneFile(everything(entry), { ...options, external })
    expect(await started(code)).toEqual({ added: [], names: expect.any(Number) })
  })
})

describe('in a browser, importing', () => {
  const newContext = useBrowser()

  async function pageWith(files: Record<string, string>): Promise<Page> {
    const page = await (await newContext()).newPage()
    await page.addInitScript({ path: fixture('watch-page.js') })
    await page.route('https://app.example/**', (route) => {
      const body = files[new URL(route.request().url()).pathname]
      if (body === undefined) return route.fulfill({ body: '<!doctype html><p>page</p>', contentType: 'text/html' })
      return route.fulfill({ body, contentType: 'text/javascript' })
    })
    await page.goto('https://app.example/')
    return page
  }

  const load = (path: string) => `(async () => { watched(); await import('${path}'); return watched() })()`
  const nothing = { calls: [], globals: [], document: false }

  test('what does everything is seen doing it', async () => {
    const noisy = `
      setTimeout(() => {}, 1)
      fetch('/x')
      addEventListener('storage', () => {})
      indexedDB.open('x')
      localStorage.setItem('x', 'y')
      navigator.locks.request('x', () => {})
      new BroadcastChannel('x')
      history.replaceState(null, '', '/y')
      crypto.getRandomValues(new Uint8Array(1))
      document.body.append('more')
      globalThis.mine = 1`
    const page = await pageWith({ '/noisy.js': noisy })
    expect(await page.evaluate(load('/noisy.js'))).toEqual({
      calls: expect.arrayContaining(
        'BroadcastChannel addEventListener fetch getRandomValues open replaceState request setItem setTimeout'.split(
          ' ',
        ),
      ),
      globals: ['mine'],
      document: true,
    })
  })

  test.each(['imskit', 'imskit/browser', 'imskit/core', 'imskit/worker', 'imskit/emulator', 'imskit/testing'])(
    '%s does nothing',
    async (entry) => {
      const page = await pageWith({
        '/entry.js': await inOneFile(everything(entry), { external: ['node:http', 'node:https'] }),
      })
      expect(await page.evaluate(load('/entry.js'))).toEqual(nothing)
    },
  )

  test('the files for a script tag do nothing, but for the one name of the classic one', async () => {
    const read = (name: string) => readFileSync(join(project, 'node_modules', 'imskit', 'dist', name), 'utf8')
    const page = await pageWith({ '/imskit.js': read('imskit.js') })
    expect(await page.evaluate(load('/imskit.js'))).toEqual(nothing)
    await page.evaluate('watched()')
    await page.evaluate(read('imskit.global.js'))
    expect(await page.evaluate('watched()')).toEqual({ ...nothing, globals: ['imskit'] })
  })
})
