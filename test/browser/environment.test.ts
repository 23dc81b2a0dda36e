import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { open, useBrowser } from './browser.ts'
import { type Site, startSite } from './site.ts'

const entry = join(import.meta.dirname, '../../src/adapters/browser/index.ts')
const config = { clientId: 'app', endpoint: 'http://127.0.0.1:9', issuers: [], scopes: ['openid'] }
const newContext = useBrowser({ args: ['--host-resolver-rules=MAP app.example 127.0.0.1'] })
let site: Site
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'imskit-browser-'))
  site = await startSite(config, { host: '127.0.0.1' })
})
afterAll(() => {
  site.close()
  rmSync(directory, { recursive: true, force: true })
})

const bundle = (contents: string) =>
  build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
  })

describe('a page', () => {
  test('that is not a secure context gets an error that recommends https or localhost (S64)', async () => {
    const page = await open(await newContext(), `http://app.example:${new URL(site.origin).port}/`)
    expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(false)
    expect(await page.evaluate(() => window.failed)).toMatchObject({
      error: { name: 'ConfigurationError', code: 'BAD_OPTION', message: expect.stringMatching(/https.*localhost/) },
    })
  })

  test('on a loopback address is fine', async () => {
    const page = await open(await newContext(), `http://127.0.0.1:${new URL(site.origin).port}/`)
    expect(await page.evaluate(() => window.failed)).toBeUndefined()
  })

  test('refuses secrets (S31)', async () => {
    const page = await open(await newContext(), `http://127.0.0.1:${new URL(site.origin).port}/`)
    const refused = await page.evaluate(() =>
      window.outcome(
        (async () => {
          const options = { clientId: 'app', clientSecret: 'canary', scopes: ['openid'] }
          window.imskit.authorizationCode(options as never)
        })(),
      ),
    )
    expect(refused).toMatchObject({ error: { code: 'SECRET_IN_BROWSER' } })
    expect(JSON.stringify(refused)).not.toContain('canary')
  })

  test('gets an error that says where to set redirectUri', async () => {
    const page = await open(await newContext(), `http://127.0.0.1:${new URL(site.origin).port}/`)
    const results = await page.evaluate(async () => {
      const { authorizationCode, createClient, browserPlatform } = window.imskit
      const flow = authorizationCode({ clientId: 'app', scopes: ['openid'] })
      const client = createClient({ flow, ...browserPlatform() })
      return Promise.all([
        window.outcome(client.login()),
        window.outcome(client.login({ mode: 'popup' })),
        window.outcome(client.login({ mode: 'silent' })),
      ])
    })
    const missing = { error: { code: 'BAD_OPTION', message: expect.stringContaining('redirectUri') } }
    expect(results).toMatchObject([missing, missing, missing])
  })
})

describe('a server that renders the page', () => {
  test('imports and constructs, and is left alone', async () => {
    const { outputFiles } = await bundle(`
      import * as imskit from ${JSON.stringify(entry)}
      const before = Object.getOwnPropertyNames(globalThis).length
      globalThis.fetch = () => { throw new Error('network') }
      const flow = imskit.authorizationCode({ clientId: 'app', scopes: ['openid'], redirectUri: 'https://app.example/callback' })
      const client = imskit.createClient({ flow, ...imskit.browserPlatform() })
      const landed = await client.handleRedirect()
      const refused = await client.login().then(() => 'went', (error) => error.code)
      const token = await client.getToken().catch((error) => error.code)
      const after = Object.getOwnPropertyNames(globalThis).length
      process.stdout.write(JSON.stringify({ landed: landed === undefined, token, grown: after - before, refused }))
    `)
    const program = join(directory, 'server.mjs')
    writeFileSync(program, outputFiles[0]?.text ?? '')
    // a channel, timer or lock left behind would keep it running
    const { stdout, stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 20_000 })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(JSON.parse(stdout)).toEqual({
      landed: true,
      token: 'LOGIN_REQUIRED',
      refused: 'LOGIN_NOT_POSSIBLE',
      grown: 0,
    })
  })
})

test('a bundle for signing in holds nothing of Node and no flow with a secret (S31)', async () => {
  const { outputFiles, metafile } = await bundle(`
    import { authorizationCode, browserPlatform, createClient } from ${JSON.stringify(entry)}
    const flow = authorizationCode({ clientId: 'app', scopes: ['openid'], redirectUri: location.origin })
    const client = createClient({ flow, ...browserPlatform() })
    await client.handleRedirect()
    document.title = await client.getToken()
  `)
  const text = outputFiles[0]?.text ?? ''
  for (const word of [
    'client_credentials',
    'exchange/jwt',
    'node:',
    'Math.random',
    'eval(',
    'new Function',
    'FetchEvent',
  ])
    expect(text).not.toContain(word)
  const inputs = Object.entries(metafile.outputs).flatMap(([, { inputs }]) => Object.entries(inputs))
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file)
  expect(used.filter((file) => /emulator|adapters\/node|compat|verify/.test(file))).toEqual([])
})
