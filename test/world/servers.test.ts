import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { clientCredentials, createClient, memoryPlatform } from '../../src/adapters/worker/index.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { freePort } from '../browser/ims.ts'
import { type Block, blocksOf } from '../docs/blocks.ts'
import { root } from '../kit/build.ts'
import { outputOf } from '../kit/output.ts'
import { newPlace } from '../kit/place.ts'
import { askAtOnce, createVisitor } from '../worker/visitor.ts'
import { useFramework } from './kit/installed.ts'

// the programs of docs/servers.md, as they stand, under each server: sessions, one renewal for many requests, a guard

const project = useFramework('servers')
const lifetime = 4_000
let emulator: RunningEmulator
let api: string
let getToken: () => Promise<string>

const wordOf = ({ words }: Block, name: string) =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
const blocks = blocksOf('docs/servers.md').filter(({ place }) => place === 'recipe')

beforeAll(async () => {
  emulator = await startEmulator({ autoLogin: 'user@example.com', accessTokenLifetime: lifetime })
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    response.end(JSON.stringify({ path: request.url, body, bearer: request.headers.authorization !== undefined }))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  api = `http://127.0.0.1:${port}/`
  const { client_id: clientId, client_secrets: clientSecret, scopes } = emulator.contexts.oauth_server_to_server
  const flow = clientCredentials({ clientId, clientSecret, scopes })
  const caller = createClient({ flow, endpoint: emulator.url, ...memoryPlatform() })
  getToken = () => caller.getToken({ force: true })
  for (const block of blocks) await writeFile(block)
  // the same program under the version before
  const express = readFileSync(join(project(), 'express.mjs'), 'utf8')
  writeFileSync(join(project(), 'express4.mjs'), express.replace("from 'express'", "from 'express4'"))
  return () => server.close()
}, 900_000)
afterAll(() => emulator?.close())

/** Writes the file of a block; TypeScript as the compiler leaves it. */
async function writeFile(block: Block): Promise<void> {
  const name = wordOf(block, 'file')
  if (name === '') return
  if (!name.endsWith('.ts')) return writeFileSync(join(project(), name), block.code)
  const compilerOptions = { experimentalDecorators: true }
  const { code } = await transform(block.code, { loader: 'ts', format: 'esm', tsconfigRaw: { compilerOptions } })
  writeFileSync(join(project(), name.replace(/ts$/, 'mjs')), code)
}

const bin = (name: string) => join(root, 'node_modules/.bin', name)
const node = (file: string) => [process.execPath, file]
/** The command of a page, by the programs that are installed here. */
const command = (of: string) => {
  const { code = '' } = blocks.find((block) => wordOf(block, 'of') === of && wordOf(block, 'run') === 'start') ?? {}
  const [name = '', ...args] = code.split(' ')
  return [bin(name), ...args]
}

const servers: Readonly<Record<string, () => readonly string[]>> = {
  'Express 5': () => node('express.mjs'),
  'Express 4': () => node('express4.mjs'),
  Fastify: () => node('fastify.mjs'),
  Koa: () => node('koa.mjs'),
  Nest: () => node('nest.mjs'),
  Deno: () => command('deno'),
  Bun: () => command('bun'),
  'wrangler dev': () => [
    'sh',
    '-c',
    blocks.find((block) => wordOf(block, 'of') === 'wrangler' && wordOf(block, 'run'))?.code ?? '',
  ],
}

async function start(args: readonly string[]): Promise<string> {
  const port = await freePort()
  const { client_id, client_secret } = emulator.contexts.oauth
  const env = {
    IMS_CLIENT_ID: client_id,
    IMS_CLIENT_SECRET: String(client_secret),
    SESSION_SECRET: 'a secret of the tests with more than 32 bytes',
    CALLER: emulator.contexts.oauth_server_to_server.client_id,
    IMS_ENDPOINT: emulator.url,
    API_URL: api,
  }
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  writeFileSync(join(project(), '.dev.vars'), lines.join('\n'))
  const more = { PORT: String(port), WRANGLER_SEND_METRICS: 'false', CI: 'true', NO_COLOR: '1' }
  const [file = '', ...rest] = args
  // a group of its own, because wrangler starts other programs
  const child = spawn(file, rest, {
    cwd: project(),
    env: newPlace({ ...env, ...more }).env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  })
  const { printed } = outputOf(child, once(child, 'close'))
  const ended = once(child, 'close').then(() => Promise.reject(new Error(printed.stdout + printed.stderr)))
  const origin = `http://localhost:${port}`
  const ask = (): Promise<unknown> =>
    fetch(origin).catch(() => new Promise((resolve) => setTimeout(resolve, 50)).then(ask))
  await Promise.race([ask(), ended])
  ended.catch(() => {})
  return origin
}

describe.each(Object.entries(servers))('%s', (_, args) => {
  test('signs in, renews once for many requests, guards an API, and passes on bodies', {
    timeout: 60_000,
  }, async () => {
    const origin = await start(args())
    expect((await fetch(`${origin}/me`)).status).toBe(401)
    const headers = { authorization: `Bearer ${await getToken()}` }
    expect(await (await fetch(`${origin}/me`, { headers })).json()).toEqual({
      client: emulator.contexts.oauth_server_to_server.client_id,
    })
    const browser = createVisitor(origin)
    expect((await browser.ask('/inbox')).status).toBe(401)
    await browser.signIn()
    expect(await (await browser.ask('/inbox')).json()).toEqual({ user: expect.stringMatching(/@/) })
    const init = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }
    const posts = Array.from({ length: 8 }, () => browser.call('/data/items', init))
    for (const post of await Promise.all(posts))
      expect(await post.json()).toEqual({ path: '/items', body: '{"a":1}', bearer: true })
    const { answers, renewals, most } = await askAtOnce(emulator, { browser, lifetime, path: '/data/items' })
    expect(new Set(answers)).toEqual(new Set([200]))
    expect(renewals.length).toBeGreaterThanOrEqual(1)
    expect(renewals.length).toBeLessThanOrEqual(most)
    expect(new Set(renewals)).toEqual(new Set([200]))
    expect((await browser.call('/auth/logout', { method: 'POST' })).status).toBe(200)
    expect((await browser.ask('/inbox')).status).toBe(401)
  })
})
