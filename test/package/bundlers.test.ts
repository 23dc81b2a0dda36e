import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { useBrowser } from '../browser/browser.ts'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { newPlace } from '../kit/place.ts'
import { bundlers, type Target } from './bundlers.ts'

// the built package, as the bundlers of users make programs of it

const programs: Readonly<Record<string, { target: Target; code: string }>> = {
  script: {
    target: 'node',
    code: `
      import { clientCredentials, createClient, memoryPlatform } from 'imskit'
      const { clientId, clientSecret, endpoint } = JSON.parse(process.env.SETTING)
      const flow = clientCredentials({ clientId, clientSecret, scopes: 'openid' })
      const client = createClient({ flow, endpoint, ...memoryPlatform() })
      console.log(await client.getToken())`,
  },
  'worker service': {
    target: 'worker',
    code: `
      import { clientCredentials, createClient, workerPlatform } from 'imskit/worker'
      export default {
        async fetch(request, { clientId, clientSecret, endpoint, KV }, ctx) {
          const flow = clientCredentials({ clientId, clientSecret, scopes: 'openid' })
          const client = createClient({ flow, endpoint, ...workerPlatform({ kv: KV, ctx }) })
          return new Response(await client.getToken())
        }
      }`,
  },
  'worker backend': {
    target: 'worker',
    code: `
      import { authorizationCode, createAuthHandler } from 'imskit/worker'
      export default {
        fetch(request, { clientId, clientSecret, endpoint }, ctx) {
          const flow = authorizationCode({ clientId, clientSecret, scopes: 'openid', redirectUri: 'https://app.example/auth/callback' })
          const auth = createAuthHandler({ flow, endpoint, sessionSecret: 'x'.repeat(64) })
          return auth(request, ctx)
        }
      }`,
  },
  'page login': {
    target: 'page',
    code: `
      import { authorizationCode, browserPlatform, createClient } from 'imskit/browser'
      const flow = authorizationCode({ clientId: 'page', scopes: 'openid', redirectUri: location.href })
      const client = createClient({ flow, ...browserPlatform() })
      globalThis.outcome = client.getToken().then(() => 'a token', (error) => error.code)`,
  },
}

const project = folderOfFile()
let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(root, join(project, 'node_modules', 'imskit'))
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  emulator = await startEmulator()
}, 300_000)
afterAll(() => emulator?.close())

async function make(bundler: string, program: string) {
  const { code = '', target = 'node' } = programs[program] ?? {}
  const out = mkdtempSync(join(project, 'out-'))
  const file = join(project, `${program.replace(' ', '-')}-${bundler}.js`)
  writeFileSync(file, code)
  const warnings = await bundlers[bundler]?.({ file, out, target })
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => /\.m?js$/.test(name))
  return { out, warnings, files, text: files.map((name) => readFileSync(join(out, name), 'utf8')).join('\n') }
}

const credentials = () => {
  const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
  return { clientId: client_id, clientSecret: client_secrets[0] ?? '', endpoint: emulator.url }
}
const aToken = /^[\w-]+\.[\w-]+\.[\w-]+\s*$/
const ofNode = /from ?["']node:|require\(["']node:|globalThis\.Buffer|readable-stream|process-nextick/

async function inWorkerd(out: string, files: readonly string[], url: string) {
  const paths = ['bundle.mjs', ...files.filter((name) => name !== 'bundle.mjs')]
  const miniflare = new Miniflare({
    modules: paths.map((path) => ({ type: 'ESModule', path, contents: readFileSync(join(out, path), 'utf8') })),
    compatibilityDate: '2026-04-01',
    bindings: credentials(),
    kvNamespaces: ['KV'],
    port: 0,
  })
  onTestFinished(() => miniflare.dispose())
  return miniflare.dispatchFetch(url, { redirect: 'manual' })
}

const newContext = useBrowser()

describe.each(Object.keys(bundlers))('%s', (bundler) => {
  test('makes a script, which runs', async () => {
    const { out, warnings } = await make(bundler, 'script')
    expect(warnings).toEqual([])
    const { cwd, env } = newPlace({ SETTING: JSON.stringify(credentials()) })
    const { stdout } = await promisify(execFile)(process.execPath, [join(out, 'bundle.mjs')], { cwd, env })
    expect(stdout).toMatch(aToken)
  })

  test('makes a service in a worker, which runs', async () => {
    const { out, warnings, files, text } = await make(bundler, 'worker service')
    expect(warnings).toEqual([])
    expect(text).not.toMatch(ofNode)
    expect(await (await inWorkerd(out, files, 'https://app.example/')).text()).toMatch(aToken)
  })

  test('makes a backend in a worker, which redirects users to sign in', async () => {
    const { out, warnings, files, text } = await make(bundler, 'worker backend')
    expect(warnings).toEqual([])
    expect(text).not.toMatch(ofNode)
    const response = await inWorkerd(out, files, 'https://app.example/auth/login')
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toContain(`${emulator.url}/ims/authorize`)
  })

  test('makes a page that signs in, which runs', async () => {
    const { out, warnings, text } = await make(bundler, 'page login')
    expect(warnings).toEqual([])
    expect(text).not.toMatch(ofNode)
    const page = await (await newContext()).newPage()
    await page.route('https://app.example/**', (route) => {
      const { pathname } = new URL(route.request().url())
      if (pathname !== '/') return route.fulfill({ path: join(out, pathname), contentType: 'text/javascript' })
      return route.fulfill({ body: '<script type="module" src="/bundle.mjs"></script>', contentType: 'text/html' })
    })
    await page.goto('https://app.example/')
    await page.waitForFunction(() => 'outcome' in globalThis)
    expect(await page.evaluate('outcome')).toBe('LOGIN_REQUIRED')
  })
})
