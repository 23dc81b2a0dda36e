import { join } from 'node:path'
import type { DurableObjectNamespace, ExecutionContext, KVNamespace } from '@cloudflare/workers-types'
import { build as bundle } from 'esbuild'
import { beforeAll, describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import type {
  DurableNamespace,
  Guard,
  KvNamespace,
  TokenClaims,
  WorkerContext,
} from '../../src/adapters/worker/index.ts'
import { Ims } from '../../src/adapters/worker/index.ts'
import { startEmulator } from '../../src/emulator/index.ts'
import { build, root } from '../kit/build.ts'
import { startWorker } from './workerd.ts'

test('the aio-lib-ims API works in workerd, without Node', async () => {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  const { oauth_server_to_server: context } = emulator.contexts
  const worker = await startWorker({ fixture: 'compat', bindings: { context }, compatibilityDate: '2024-09-01' })
  const response = await fetch(worker.url)
  expect(await response.json()).toEqual({
    claims: context.client_id,
    client_id: context.client_id,
    valid: true,
    same: true,
    validAfterwards: false,
    names: ['example'],
    isDefault: true,
    foreign: [],
  })
})

test('an Ims takes an unknown name of an environment for prod, as elsewhere', () => {
  expect(new Ims('nonsense').endpoint).toBe('https://ims-na1.adobelogin.com')
  expect(new Ims('stage').endpoint).toBe('https://ims-na1-stg1.adobelogin.com')
  expect(() => new Ims({ env: 'nonsense' })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

test('the bindings are those of Cloudflare', () => {
  expectTypeOf<KVNamespace>().toExtend<KvNamespace>()
  expectTypeOf<DurableObjectNamespace>().toExtend<DurableNamespace>()
  expectTypeOf<ExecutionContext>().toExtend<WorkerContext>()
  expectTypeOf<Guard>().returns.resolves.toEqualTypeOf<TokenClaims | Response>()
})

describe('the built package', () => {
  beforeAll(build, 300_000)

  async function files(specifier: string, conditions: string[]): Promise<string[]> {
    const { metafile } = await bundle({
      stdin: { contents: `export * from '${specifier}'`, resolveDir: root },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions,
      external: ['node:*'],
    })
    return Object.keys(metafile.inputs).filter((file) => file.startsWith('dist/'))
  }

  test.each([
    ['imskit', ['workerd', 'worker', 'browser']],
    ['imskit', ['worker', 'browser']],
    ['imskit', ['edge-light', 'browser']],
    ['imskit/worker', ['workerd', 'worker']],
    ['imskit/worker', ['browser']],
  ])('is the worker’s if %s is imported with %s', async (specifier, conditions) => {
    expect(await files(specifier, conditions)).toContain(join('dist', 'esm', 'worker.js'))
  })

  test.each(['node', 'deno', 'bun'])('of %s is one file with its dependencies', async (condition) => {
    expect(await files('imskit/worker', [condition])).toContain(join('dist', 'node', 'worker.js'))
  })

  test('does nothing when it is imported (S55)', async () => {
    const fetching = globalThis.fetch
    globalThis.fetch = () => Promise.reject(new Error('fetched at import'))
    onTestFinished(() => {
      globalThis.fetch = fetching
    })
    const worker = (await import(join(root, 'dist/node/worker.js'))) as Record<string, unknown>
    const names = [
      'workerPlatform',
      'kvStore',
      'durableLock',
      'durableStore',
      'durableTokens',
      'ImsLock',
      'requireToken',
    ]
    for (const name of [...names, 'createAuthHandler', 'createClient', 'clientCredentials', 'default'])
      expect(worker).toHaveProperty(name)
  })
})
