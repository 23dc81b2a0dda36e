import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { build } from 'esbuild'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { actionContexts } from '../../../src/adapters/node/runtime/contexts-action.ts'
import { actionLock } from '../../../src/adapters/node/runtime/lock-action.ts'
import {
  connectStateTokens,
  type StateEntry,
  type StateTokenStore,
} from '../../../src/adapters/node/runtime/store-state.ts'
import { storeContract } from '../../../src/testing/index.ts'
import { fixture, removeDirectory, run, temporaryDirectory } from '../fixtures/scripts.ts'

const env = { __OW_ACTION_NAME: '/ns/pkg/action', __OW_NAMESPACE: '12345-project', __OW_API_KEY: 'the-api-key' }
const now = () => 1_000_000
const access_token = { token: 'secret-at', expiry: now() + 3_600_999 }
const refresh_token = { token: 'secret-rt', expiry: now() + 7_200_000 }

/** The State service as the real package knows it: one container, values as bytes. */
const values = new Map<string, string>()
const requests: { method: string; key: string; ttl: string | null; auth: string | undefined }[] = []
let failWith: number | undefined
let server: Server

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://state')
    const key = decodeURIComponent(/^\/containers\/12345-project\/data\/(.+)$/.exec(url.pathname)?.[1] ?? '')
    const { method = '', headers } = request
    requests.push({ method, key, ttl: url.searchParams.get('ttl'), auth: headers.authorization })
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (failWith !== undefined) return response.writeHead(failWith).end(`no: ${body}`)
      if (method === 'PUT') values.set(key, body)
      const value = values.get(key)
      if (method === 'DELETE') values.delete(key)
      response.writeHead(value === undefined ? 404 : 200, { 'x-key-expires-ms': '2000000000000' }).end(value)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // the package reads it once, when it is loaded
  process.env.AIO_STATE_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.env.AIO_CLI_ENV = 'prod'
})
beforeEach(() => {
  values.clear()
  requests.length = 0
  failWith = undefined
})
afterAll(() => {
  delete process.env.AIO_STATE_ENDPOINT
  delete process.env.AIO_CLI_ENV
  server.close()
})

describe('stateTokens with the real @adobe/aio-lib-state', () => {
  test('stores tokens under the key and the time to live of aio-lib-ims', async () => {
    const tokens = { access_token: { ...access_token, for: 'client-a' }, refresh_token }
    await connectStateTokens({ env, now }).put('my-ctx', tokens)
    const auth = `Basic ${Buffer.from('the-api-key').toString('base64')}`
    const key = 'ims..ns.pkg.action.contexts.my-ctx'
    expect(requests).toEqual([{ method: 'PUT', key, ttl: '7200', auth }])
    expect(JSON.parse(values.get(key) ?? '')).toEqual(tokens)
    expect(await connectStateTokens({ env, now }).get('my-ctx')).toEqual(tokens)
  })

  test.each([
    ['floors to seconds', { access_token }, '3600'],
    ['is at least one second', { access_token: { token: 'old', expiry: 5 } }, '1'],
    ['is at most a year', { access_token: { token: 'long', expiry: now() + 10 ** 13 } }, '31536000'],
  ])('the time to live %s', async (_name, tokens, ttl) => {
    await connectStateTokens({ env, now }).put('ctx', tokens)
    expect(requests[0]?.ttl).toBe(ttl)
  })

  test('nothing kept is undefined; no tokens deletes, also twice', async () => {
    const kept = connectStateTokens({ env, now })
    expect(await kept.get('ctx')).toBeUndefined()
    await kept.put('ctx', { access_token })
    await kept.put('ctx', undefined)
    await kept.put('ctx', {})
    expect(await kept.get('ctx')).toBeUndefined()
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'PUT', 'DELETE', 'DELETE', 'GET'])
  })

  test('contexts, actions and odd names stay apart', async () => {
    const kept = connectStateTokens({ env, now })
    const names = ['a b', 'a_20b', 'a/b', '$cli', 'ü', 'imskit-b64.YSBi', 'plain', 'A.b-c_d', '🦊']
    for (const name of names) await kept.put(name, { access_token: { ...access_token, token: name } })
    for (const name of names) expect((await kept.get(name))?.access_token?.token).toBe(name)
    expect(new Set(values.keys()).size).toBe(names.length)
    expect([...values.keys()].filter((key) => !/^[a-zA-Z0-9-_.]{1,1024}$/.test(key))).toEqual([])
    expect([...values.keys()]).toContain('ims..ns.pkg.action.contexts.A.b-c_d')
    const other = connectStateTokens({ env: { ...env, __OW_ACTION_NAME: '/ns/pkg/my action@2' }, now })
    expect(await other.get('plain')).toBeUndefined()
    await other.put('plain', { access_token })
    expect((await other.get('plain'))?.access_token).toEqual(access_token)
  })

  test.each([403, 401, 413])('a refusal (%i) is reported without the value to store', async (status) => {
    failWith = status
    const kept = connectStateTokens({ env, now })
    for (const attempt of [
      kept.put('ctx', { access_token, refresh_token }),
      kept.get('ctx'),
      kept.put('ctx', undefined),
    ]) {
      const error = await attempt.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/secret|the-api-key/)
      expect(error).not.toHaveProperty('cause')
    }
    failWith = undefined
    await kept.put('ctx', { access_token })
    expect(await kept.get('ctx')).toEqual({ access_token })
  })

  test('what was not written by us does no harm', async () => {
    const key = 'ims..ns.pkg.action.contexts.ctx'
    const kept = connectStateTokens({ env, now })
    const hostile = [
      '',
      '{',
      'null',
      '[]',
      '7',
      '"text"',
      '{"access_token":"at"}',
      '{"access_token":{"token":1,"expiry":1}}',
    ]
    hostile.push('{"access_token":{"token":"","expiry":1}}', '{"access_token":{"token":"t","expiry":"soon"}}')
    hostile.push(
      '{"access_token":{"token":"t","expiry":1e999}}',
      '{"__proto__":{"access_token":{"token":"t","expiry":1}}}',
    )
    for (const value of hostile) {
      values.set(key, value)
      expect(await kept.get('ctx'), value).toBeUndefined()
    }
    values.set(
      key,
      '{"access_token":{"token":"t","expiry":"12","for":"x","n":{},"__proto__":{"a":1}},"other":{"token":"x"}}',
    )
    const tokens = await kept.get('ctx')
    expect(tokens).toEqual({ access_token: { token: 't', expiry: 12, for: 'x' } })
    expect(tokens?.access_token).not.toHaveProperty('a')
    await fc.assert(
      fc.asyncProperty(fc.json(), async (value) => {
        values.set(key, value)
        await kept.get('ctx')
      }),
      { numRuns: 30 },
    )
  })

  test('bad input is refused before anything is sent', async () => {
    const kept = connectStateTokens({ env, now })
    const bad = [
      { access_token: 'at' },
      { access_token: { token: 'secret', expiry: Number.NaN } },
      { refresh_token: {} },
    ]
    for (const tokens of bad) {
      const error = await kept.put('ctx', tokens as unknown as StateEntry).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'INVALID_CONTEXT_DATA' })
      expect(inspect(error)).not.toContain("'secret'")
    }
    await expect(kept.get('')).rejects.toMatchObject({ code: 'MISSING_CONTEXT_LABEL' })
    await expect(kept.get('x'.repeat(1_100))).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(requests).toEqual([])
  })
})

describe('the store in State', () => {
  // it lists no keys
  const suited = (name: string, check: () => Promise<void>) => void (/lists keys/.test(name) || test(name, check))
  storeContract(suited, { makeStore: () => connectStateTokens({ env }).store })

  test('keeps keys and tokens of contexts apart, and expires with the entry', async () => {
    const kept: StateTokenStore = connectStateTokens({ env, now })
    await kept.put('ctx', { access_token })
    await kept.store.set('imskit/renewals/{"a b":1}', { of: 'x' }, now() + 60_500)
    expect(await kept.store.get('imskit/renewals/{"a b":1}')).toEqual({ of: 'x' })
    expect(await kept.get('ctx')).toEqual({ access_token })
    const { key = '', ttl } = requests.filter(({ method }) => method === 'PUT').at(-1) ?? {}
    expect(key).toMatch(/^ims\..*action\.imskit\.[\w-]+$/)
    expect(ttl).toBe('60')
    for (const broken of ['', '{', 'null', '[]', '{"key":"other","value":1}']) {
      values.set(key, broken)
      expect(await kept.store.get('imskit/renewals/{"a b":1}')).toBeUndefined()
    }
  })

  test('rejects if the service does not answer', async () => {
    const { store } = connectStateTokens({ env, now })
    failWith = 403
    const denied = { name: 'UnavailableError', code: 'STORE_FAILED' }
    await expect(store.get('a')).rejects.toMatchObject(denied)
    await expect(store.set('a', 'S3CRET')).rejects.toMatchObject(denied)
    await expect(store.delete('a')).rejects.toMatchObject(denied)
  })
})

describe('contexts of an action whose State service does not answer', () => {
  const user = { client_id: 'app', client_secret: 's', scope: 'openid', redirect_uri: 'http://127.0.0.1:1/' }
  const machine = {
    client_id: 'app',
    client_secrets: ['s'],
    technical_account_email: 'e@x',
    technical_account_id: 'i',
    scopes: ['openid'],
    ims_org_id: 'o',
  }
  const tokens = { access_token, refresh_token }
  const denied = { code: 'STORE_FAILED' }

  test('a user is not signed out: what is stored is unknown, not empty', async () => {
    const contexts = actionContexts(() => connectStateTokens({ env, now }))
    await contexts.write('user', user, false)
    expect((await contexts.read('user')).data).toEqual(user)
    failWith = 403
    await expect(contexts.read('user')).rejects.toMatchObject(denied)
    await expect(contexts.writeTokens('user', { access_token })).rejects.toMatchObject(denied)
  })

  test('a machine continues with what is in memory', async () => {
    const contexts = actionContexts(() => connectStateTokens({ env, now }))
    await contexts.write('machine', machine, false)
    failWith = 403
    expect((await contexts.read('machine')).data).toEqual(machine)
    await expect(contexts.writeTokens('machine', { access_token })).rejects.toMatchObject(denied)
    expect((await contexts.read('machine')).data).toEqual({ ...machine, access_token })
  })

  test('a user’s tokens that could not be stored do not seem to be', async () => {
    const contexts = actionContexts(() => connectStateTokens({ env, now }))
    await contexts.write('user', { ...user, ...tokens }, false)
    failWith = 403
    const next = { ...tokens, refresh_token: { ...refresh_token, token: 'next' } }
    await expect(contexts.writeTokens('user', next)).rejects.toMatchObject(denied)
    failWith = undefined
    expect((await contexts.read('user')).data).toEqual({ ...user, ...tokens })
  })
})

test('the lock of an action knows its own holdings, and nothing of those of other containers', async () => {
  const [lock, other] = [actionLock(), actionLock()]
  const ended = await lock('a', async (hold) => hold)
  const foreign = await other('a', async (hold) => hold)
  await lock('a', async (hold) => {
    expect(hold.id).not.toBe(ended.id)
    expect(await hold.stillHeld()).toBe(true)
    expect(await hold.hasEnded?.(ended.id ?? '')).toBe(true)
    expect(await hold.hasEnded?.(hold.id ?? '')).toBe(false)
    expect(await hold.hasEnded?.(foreign.id ?? '')).toBe(false)
  })
})

describe('stateTokens on its own', () => {
  test('names the variables that are missing', () => {
    const { __OW_ACTION_NAME } = env
    const thrown = (given: NodeJS.ProcessEnv) => {
      try {
        connectStateTokens({ env: given })
      } catch (error) {
        return error
      }
      return undefined
    }
    const missing = (names: string) => ({
      name: 'ConfigurationError',
      code: 'MISSING_ENVIRONMENT_VARIABLE',
      message: expect.stringContaining(`: ${names}.`),
    })
    expect(thrown({})).toMatchObject(missing('__OW_ACTION_NAME,__OW_NAMESPACE,__OW_API_KEY'))
    expect(thrown({ __OW_ACTION_NAME })).toMatchObject(missing('__OW_NAMESPACE,__OW_API_KEY'))
    expect(thrown({ ...env, __OW_API_KEY: '' })).toMatchObject(missing('__OW_API_KEY'))
    expect(thrown(env)).toBeUndefined()
  })

  test('loads the package on first use, once, and again after a failure', async () => {
    let loads = 0
    const load = async () => {
      loads++
      if (loads === 1) throw new Error('broken install')
      return import('@adobe/aio-lib-state')
    }
    const kept = connectStateTokens({ env, now, load })
    expect(loads).toBe(0)
    await expect(kept.get('ctx')).rejects.toMatchObject({ code: 'BAD_OPTION', cause: { message: 'broken install' } })
    await Promise.all([kept.get('ctx'), kept.get('other')])
    expect(loads).toBe(2)
  })

  test('continues in memory, and says so once, if the package is not installed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'imskit-state-'))
    const child = `
      import { connectStateTokens } from './src/adapters/node/runtime/store-state.ts'
      const said = []
      const kept = connectStateTokens({ onDegraded: (reason) => said.push(reason) })
      const tokens = { access_token: { token: 'a', expiry: 9e12 } }
      const before = await Promise.all([kept.get('ctx'), kept.get('other')])
      await kept.put('ctx', tokens)
      await kept.store.set('key', 'value')
      const after = [await kept.get('ctx'), await kept.get('other'), await kept.store.get('key')]
      await kept.put('ctx', undefined)
      await kept.store.delete('key')
      const gone = [await kept.get('ctx'), await kept.store.get('key')]
      process.stdout.write(JSON.stringify({ said, before, after, gone }))`
    await build({
      stdin: { contents: child, resolveDir: process.cwd(), loader: 'ts' },
      outfile: join(dir, 'child.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['@adobe/*'],
      logLevel: 'silent',
    })
    const { stdout } = await promisify(execFile)(process.execPath, [join(dir, 'child.mjs')], { env })
    expect(JSON.parse(stdout)).toEqual({
      said: ['@adobe/aio-lib-state is not installed'],
      before: [null, null],
      after: [{ access_token: { token: 'a', expiry: 9e12 } }, null, 'value'],
      gone: [null, null],
    })
    await rm(dir, { recursive: true })
  })

  test('a package that lacks a part of its own is an error', async () => {
    const code = 'ERR_MODULE_NOT_FOUND'
    const message = "Cannot find package 'x' imported from /node_modules/@adobe/aio-lib-state/index.js"
    const load = () => Promise.reject(Object.assign(new Error(message), { code }))
    const said: string[] = []
    const kept = connectStateTokens({ env, now, load, onDegraded: (reason) => said.push(reason) })
    await expect(kept.get('ctx')).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(said).toEqual([])
  })

  test('an older State library that gives and returns objects is understood', async () => {
    const stored = { access_token, refresh_token: null }
    const load = async () => ({ default: { init: async () => ({ get: async () => ({ value: stored }) }) } })
    expect(await connectStateTokens({ env, now, load }).get('ctx')).toEqual({ access_token })
  })

  test('a package of the same name that is not the State library is reported', async () => {
    const kept = connectStateTokens({ env, now, load: async () => ({}) })
    await expect(kept.get('ctx')).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('install'),
    })
  })
})

test('an action without the State library obtains its tokens once and continues in memory', async () => {
  const dir = temporaryDirectory()
  const outfile = join(dir, 'action.cjs')
  await build({
    entryPoints: [fixture('action-without-state.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['@adobe/*'],
    logLevel: 'silent',
  })
  const printed = run([process.execPath, outfile], { cwd: dir, env: { ...env, HOME: dir } })
  expect(printed).toMatchObject({
    tokens: ['token-1', 'token-2', 'token-1', 'token-2'],
    requests: 2,
    degraded: [{ type: 'store-degraded', reason: '@adobe/aio-lib-state is not installed' }],
  })
  removeDirectory(dir)
})
