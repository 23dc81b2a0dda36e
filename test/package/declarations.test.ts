import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { entriesIn, unpack } from '../kit/packed.ts'
import { compilers, typeCheck } from '../kit/type-check.ts'

// the declarations under the types of one runtime and no others, each of them checked (skipLibCheck: false)

const project = folderOfFile()

beforeAll(async () => {
  await build()
  await unpack(root, project)
  // a binding uses the types of its framework
  symlinkSync(join(root, 'node_modules', 'hono'), join(project, 'node_modules', 'hono'))
}, 300_000)

interface Types {
  /** What a program there uses with the entries. */
  readonly entries: readonly string[]
  readonly options: object
  /** Uses the runtime's own types together with ours. */
  readonly program: string
}

const own = (scope: string) => join(root, 'node_modules', scope)
const everywhere = ['imskit/core', 'imskit/worker', 'imskit/next', 'imskit/emulator', 'imskit/testing']

const runtimes: Readonly<Record<string, Types>> = {
  'a page': {
    entries: [...everywhere, 'imskit/browser', 'imskit/react', 'imskit/vue', 'imskit/svelte'],
    options: { lib: ['es2023', 'dom', 'dom.iterable'], types: [], paths: { react: [own('@types/react')] } },
    program: `
      import { authorizationCode, browserPlatform, createClient } from 'imskit/browser'
      const flow = authorizationCode({ clientId: 'x', scopes: 'openid', redirectUri: location.href })
      export const answer: Promise<Response> = createClient({ flow, ...browserPlatform() }).fetch('/')
      import { type PrivateKeySource, signAssertion } from 'imskit/core'
      export const sign = (jwk: JsonWebKey, key: CryptoKey): PrivateKeySource[] => [jwk, key]`,
  },
  Node: {
    entries: [...everywhere, 'imskit', 'imskit/node', 'imskit/express', 'imskit/src/context', 'imskit/src/context.js'],
    options: { lib: ['es2023'], types: ['node'], typeRoots: [own('@types')] },
    program: `
      import { webcrypto } from 'node:crypto'
      import { clientCredentials, createClient, nodePlatform, type PrivateKeySource } from 'imskit/node'
      const flow = clientCredentials({ clientId: 'x', clientSecret: 'y', scopes: 'openid' })
      export const answer: Promise<Response> = createClient({ flow, ...nodePlatform() }).fetch(new URL('https://x'))
      export const sign = (jwk: webcrypto.JsonWebKey, key: webcrypto.CryptoKey): PrivateKeySource[] => [jwk, key]`,
  },
  'a worker': {
    entries: [...everywhere, 'imskit/hono'],
    options: { lib: ['es2023'], types: ['workers-types'], typeRoots: [own('@cloudflare')] },
    program: `
      import { clientCredentials, createClient, ImsLock, durableTokens, type PrivateKeySource, workerPlatform } from 'imskit/worker'
      export { ImsLock }
      interface Env { readonly KV: KVNamespace; readonly LOCK: DurableObjectNamespace }
      export default {
        async fetch(request, env, ctx) {
          const flow = clientCredentials({ clientId: 'x', clientSecret: 'y', scopes: 'openid' })
          const one = createClient({ flow, ...workerPlatform({ kv: env.KV, ctx }) })
          const other = createClient({ flow, ...workerPlatform({ ...durableTokens(env.LOCK), ctx }) })
          return request.url === '' ? one.fetch('https://x') : other.fetch('https://x')
        }
      } satisfies ExportedHandler<Env>
      export const sign = (jwk: JsonWebKey, key: CryptoKey): PrivateKeySource[] => [jwk, key]`,
  },
}

const modes = { nodenext: { module: 'nodenext' }, bundler: { module: 'esnext', moduleResolution: 'bundler' } }

function check(entries: readonly string[], program: string, options: object): Promise<string> {
  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}'`)
  const names = entries.map((_, index) => `entry${index}`)
  const source = `${imports.join('\n')}\nexport const all = [${names.join(', ')}]\n${program}`
  writeFileSync(join(project, 'program.mts'), source)
  return typeCheck(compilers[7], { project, files: ['program.mts'], options })
}

describe.each(Object.entries(runtimes))('with the types of %s alone', (_, { entries, options, program }) => {
  test.each(Object.entries(modes))('the declarations compile: %s', { timeout: 120_000 }, async (_, mode) => {
    expect(await check(entries, program, { ...options, ...mode })).toBe('')
  })
})

test('every entry is checked somewhere', () => {
  const checked = new Set(Object.values(runtimes).flatMap(({ entries }) => entries))
  expect([...checked].sort()).toEqual(entriesIn(project).sort())
})

test('a declaration that needs another runtime’s types is found', { timeout: 120_000 }, async () => {
  const { options } = runtimes['a worker'] as Types
  const found = await check(['imskit/node'], '', { ...options, ...modes.nodenext })
  expect(found).toMatch(/shared\/node\.d\.cts.+'NodeJS'/)
})
