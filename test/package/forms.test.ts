import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import webpack from 'webpack'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { entriesIn, unpack } from '../kit/packed.ts'
import { entryNames } from './entry-names.ts'

// each entry as Node loads it: CommonJS that is readable and can be replaced member by member, and ES modules over it

const run = promisify(execFile)
const project = folderOfFile()

beforeAll(async () => {
  await build()
  await unpack(root, project)
}, 300_000)

const installed = (...path: string[]) => join(project, 'node_modules', 'imskit', ...path)
const text = (path: string) => readFileSync(installed(path), 'utf8')
/** What servers that render React components need to see first. */
const directive = "'use client'\n"

async function program(source: string, { form = 'cjs', args = [] as string[] } = {}) {
  writeFileSync(join(project, `program.${form}`), source)
  return run(process.execPath, [...args, `program.${form}`], { cwd: project })
}

describe('the files for Node', () => {
  test('the command runs by the paths of both forms', async () => {
    for (const form of ['cli.js', 'cli.cjs']) {
      const { stdout } = await run(process.execPath, [installed('dist', 'node', form), '--version'])
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    }
  })

  test.each(entryNames)('%s: two statements over the implementation, and a line for each name', (name) => {
    const source = (path: string) => {
      const whole = text(path)
      expect(whole.startsWith(directive), path).toBe(name === 'react')
      return whole.replace(directive, '')
    }
    const [first, second, ...rest] = source(`dist/node/${name}.cjs`).trim().split('\n')
    expect(first).toBe(`const implementation = require('./${name}-implementation.cjs')`)
    expect(second).toBe('module.exports = implementation')
    expect(rest).toEqual([])
    const lines = source(`dist/node/${name}.js`).split('\n').filter(Boolean)
    expect(lines.shift()).toBe(`import implementation from './${name}.cjs'`)
    expect(lines.pop()).toBe('export default implementation')
    for (const line of lines) expect(line).toMatch(/^export const (\w+) = implementation\.\1$/)
    source(`dist/esm/${name}.js`)
  })

  test('find nothing by other means than imports, and only each other by relative paths', () => {
    const files = readdirSync(installed('dist'), { recursive: true, encoding: 'utf8' })
    // `imskit migrate` looks for such calls in the code of its users, `imskit init` writes such imports, and the command
    // finds undici from where it is installed, and versions for reports
    const ofTheCommand = ['migrate', 'init', 'main', 'report'].map((name) => `node/shared/${name}.cjs`)
    // the keychain is native code of an optional package, which no bundler should look for
    const ofKeychain = ['node/shared/store-keychain.cjs', 'esm/adapters/node/keychain/keyring.js']
    const known = [...ofTheCommand, ...ofKeychain]
    const scripts = files.filter((name) => /\.c?js$/.test(name) && !known.includes(name))
    const found = scripts.filter((name) =>
      /createRequire|getBuiltinModule|from ["']imskit|require\(["']imskit/.test(text(`dist/${name}`)),
    )
    expect(found).toEqual([])
  })

  test('and those for bundlers are readable; source maps belong to the files for a script tag', () => {
    const files = readdirSync(installed('dist'), { recursive: true, encoding: 'utf8' })
    const long = files
      .filter((name) => /^(node|esm)\/.+\.c?js$/.test(name))
      .filter((name) =>
        text(`dist/${name}`)
          .split('\n')
          // tables of characters, as the parser of `imskit migrate` has them, are data
          .some((line) => line.length > 1500 && !/^ *(?:const|let) \w+ = (?:"[^"]*"|\[[\d, ]*\]);$/.test(line)),
      )
    expect(long).toEqual([])
    expect(files.filter((name) => name.endsWith('.map')).sort()).toEqual(
      ['imskit.global.js.map', 'imskit.js.map', 'imskit.login.js.map'].sort(),
    )
    for (const name of ['imskit.js', 'imskit.login.js', 'imskit.global.js']) {
      const { sources } = JSON.parse(text(`dist/${name}.map`)) as { sources: string[] }
      const own = sources.filter((source) => !source.includes('node_modules'))
      for (const source of own) expect(text(`dist/${source}`), source).not.toBe('')
      expect(own.length).toBeGreaterThan(20)
    }
  })
})

describe('by require', () => {
  test('every member of every entry is a plain property that can be replaced', async () => {
    const { stdout } = await program(`
      'use strict'
      const faults = []
      for (const entry of ${JSON.stringify(entriesIn(project))}) {
        const all = require(entry)
        if (all.default !== all) faults.push(entry + ': default')
        for (const [name, { value, writable, configurable, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(all))) {
          if (name === '__esModule') continue
          if (!writable || !configurable || !enumerable) faults.push(entry + ': ' + name)
          const replacement = () => 'replaced'
          all[name] = replacement
          if (require(entry)[name] !== replacement) faults.push(entry + ': assigned ' + name)
          Object.defineProperty(all, name, { get: () => replacement })
          if (require(entry)[name]() !== 'replaced') faults.push(entry + ': defined ' + name)
          Object.defineProperty(all, name, { value, writable, configurable, enumerable })
        }
      }
      console.log(JSON.stringify(faults))`)
    expect(JSON.parse(stdout)).toEqual([])
  })

  test('a member that was replaced is what a program sees that takes it later', async () => {
    const { stdout } = await program(`
      const imskit = require('imskit')
      imskit.getToken = async () => 'replaced'
      const { getToken } = require('imskit')
      const { default: again } = require('imskit')
      Promise.all([getToken(), again.getToken()]).then((tokens) => console.log(tokens.join()))`)
    expect(stdout).toBe('replaced,replaced\n')
  })
})

test('one class and one state in both forms of all entries', async () => {
  const entries = ['imskit', 'imskit/node', 'imskit/core', 'imskit/worker', 'imskit/browser']
  const { stdout } = await program(`
    const { startEmulator } = require('imskit/emulator')
    const { getContext } = require('imskit/src/context')
    const load = async () => {
      const found = []
      for (const entry of ${JSON.stringify(entries)}) found.push(require(entry).ImsError, (await import(entry)).ImsError)
      const { context } = await import('imskit')
      const error = await startEmulator({ port: 'x' }).catch((error) => error)
      console.log(JSON.stringify([new Set(found).size, error instanceof found[0], getContext() === context,
        require('imskit/src/context.js') === require('imskit/src/context')]))
    }
    load()`)
  expect(JSON.parse(stdout)).toEqual([1, true, true, true])
})

describe('the configuration as aio-lib-core-config writes it', () => {
  test.each([
    ['HJSON', '{ ims: { contexts: { one: { client_id: "app" } } } }'],
    ['YAML', 'ims:\n  contexts:\n    one: { client_id: app }\n'],
  ])('%s is read by the built package', async (_format, content) => {
    writeFileSync(join(project, 'global-aio'), content)
    const { stdout } = await program(`
      process.env.AIO_CONFIG_FILE = ${JSON.stringify(join(project, 'global-aio'))}
      require('imskit').context.keys().then((keys) => console.log(JSON.stringify(keys)))
    `)
    expect(JSON.parse(stdout)).toEqual(['one'])
  })
})

describe('conditions', () => {
  const conditions = ['workerd', 'worker', 'edge-light', 'browser', 'deno', 'bun', 'node', 'none']

  test.each(conditions)(
    '%s: every entry has an import and a require form that load, with the same names',
    async (condition) => {
      const entries = entriesIn(project)
      const { stdout } = await program(
        `const names = (all) => Object.keys(all).filter((name) => !['default', 'module.exports', '__esModule'].includes(name)).sort().join()
      const differ = async (entry) => names(require(entry)) !== names(await import(entry)) || names(require(entry)) === ''
      Promise.all(${JSON.stringify(entries)}.map(async (entry) => [entry, await differ(entry)]))
        .then((all) => console.log(JSON.stringify(all.filter(([, differ]) => differ))))`,
        { args: ['--conditions', condition] },
      )
      expect(JSON.parse(stdout)).toEqual([])
    },
  )

  test('each names its types, next to the form that they describe', () => {
    const faults: string[] = []
    const visit = (node: unknown, path: readonly string[]): void => {
      if (typeof node !== 'object' || node === null) {
        if (path.at(-1) !== 'module') faults.push(`${path.join(' ')}: has no types`)
        return
      }
      const { types, default: file } = node as { types?: string; default?: unknown }
      if (types === undefined) {
        for (const [key, value] of Object.entries(node)) visit(value, [...path, key])
        return
      }
      const wanted = path.at(-1) === 'require' ? /\.d\.cts \S+\.cjs$/ : /\.d\.ts \S+\.js$/
      if (!wanted.test(`${types} ${file}`) || Object.keys(node)[0] !== 'types') faults.push(path.join(' '))
    }
    const { exports } = JSON.parse(text('package.json'))
    for (const [entry, node] of Object.entries(exports)) if (entry !== './package.json') visit(node, [entry])
    expect(faults).toEqual([])
  })

  test('no declaration mentions jose or oauth4webapi', () => {
    const files = readdirSync(installed('dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.d\.c?ts$/.test(name),
    )
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((name) => /\bjose\b|oauth4webapi/i.test(text(`dist/${name}`)))).toEqual([])
  })
})

describe('tools that do not read `exports`', () => {
  test('find every entry but the deep path by a folder of its name', async () => {
    for (const name of entryNames.filter((name) => name !== 'context')) {
      const path = mkdtempSync(join(project, 'out-'))
      writeFileSync(join(project, 'old.cjs'), `console.log(require('imskit/${name}'))`)
      const compiler = webpack({
        mode: 'development',
        devtool: false,
        entry: join(project, 'old.cjs'),
        target: 'node',
        resolve: { exportsFields: [] },
        externals: ['@adobe/aio-lib-state', 'react', 'vue', /^next\//],
        output: { path, filename: 'main.cjs' },
      })
      const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
        compiler?.run((error, found) => (error ? reject(error) : resolve(found))),
      )
      expect(
        stats?.toJson({ errors: true }).errors?.map(({ message }) => message),
        name,
      ).toEqual([])
    }
  })
})

describe('the lists of exports', () => {
  /** What `@adobe/aio-lib-ims` users know, and the errors. */
  const compat = [
    ...'context getToken invalidateToken getTokenData Ims ValidationCache createIms'.split(' '),
    ...'ACCESS_TOKEN REFRESH_TOKEN AUTHORIZATION_CODE CLIENT_CREDENTIALS CLIENT_ID CLIENT_SECRET SCOPE'.split(' '),
    ...'IMS CLI CONFIG CONTEXTS CURRENT'.split(' '),
    ...'ImsError ConfigurationError LoginRequiredError TokenError ImsResponseError UnavailableError isImsError'.split(
      ' ',
    ),
  ]
  const lowLevel = compat.filter((name) => /^[A-Z_]+$|^(Ims|ValidationCache|createIms)$/.test(name))

  const exportsOf = async (path: string): Promise<string[]> => {
    if (path.endsWith('.cjs')) return Object.keys(createRequire(import.meta.url)(installed(path)))
    if (path.endsWith('global.js')) return Object.keys(new Function(`${text(path)}; return imskit`)())
    return Object.keys(await import(/* @vite-ignore */ pathToFileURL(installed(path)).href))
  }
  const listOf = async (path: string) =>
    (await exportsOf(path)).filter((name) => !['default', '__esModule', 'module.exports'].includes(name)).sort()

  test('every file of an entry has the same, and every full one what aio-lib-ims users know', async () => {
    for (const name of entryNames) {
      const [list, ...others] = await Promise.all(
        ['.js', '.cjs', '-implementation.cjs'].map((end) => listOf(`dist/node/${name}${end}`)),
      )
      for (const other of [...others, await listOf(`dist/esm/${name}.js`)]) expect(other, name).toEqual(list)
      if (['node', 'browser', 'worker', 'core'].includes(name))
        expect(list, name).toEqual(expect.arrayContaining(compat))
    }
  })

  test('the files for script tags: the whole one twice, and the login part', async () => {
    const whole = await listOf('dist/imskit.js')
    expect(whole).toEqual(expect.arrayContaining(compat))
    expect(await listOf('dist/imskit.global.js')).toEqual(whole)
    const login = await listOf('dist/imskit.login.js')
    expect(login).toEqual(expect.arrayContaining(compat.filter((name) => !lowLevel.includes(name))))
    expect(login.filter((name) => lowLevel.includes(name))).toEqual([])
    expect(whole).toEqual(expect.arrayContaining(login))
    const browser = await listOf('dist/node/browser.cjs')
    expect(browser).toEqual(expect.arrayContaining(whole))
    expect(browser.filter((name) => !whole.includes(name))).toEqual(['fromUnstorage', 'redisLock', 'renewAhead'])
  })
})

describe('an uncaught error', () => {
  const causes: Readonly<Record<string, string>> = {
    ConfigurationError: `createClient({})`,
    LoginRequiredError: `createClient({ flow: authorizationCode({ clientId: 'x', scopes: 'openid' }), ...memoryPlatform() }).getToken()`,
    TokenError: `getTokenData('x')`,
    ImsResponseError: `createClient({ flow, ...memoryPlatform(), fetch: async () => Response.json({ error: 'invalid_client' }, { status: 400 }) }).getToken()`,
    UnavailableError: `createClient({ flow, ...memoryPlatform(), retry: { retries: 0 }, fetch: async () => { throw new TypeError('down') } }).getToken()`,
  }
  const names = 'authorizationCode, clientCredentials, createClient, getTokenData, memoryPlatform'
  const before = `const flow = clientCredentials({ clientId: 'x', clientSecret: 'y', scopes: 'openid' })\n`

  const printed = (source: string, form: string) =>
    program(source, { form }).then(
      () => '',
      ({ stderr }: { stderr: string }) => stderr,
    )

  test.each(Object.entries(causes))('%s prints less than 2 KB, with frames that can be read', async (name, code) => {
    for (const [form, load] of [
      ['cjs', `const { ${names} } = require('imskit')`],
      ['mjs', `import { ${names} } from 'imskit'`],
    ] as const) {
      const stderr = await printed(`${load}\n${before}${code}`, form)
      expect(stderr, form).toContain(name)
      expect(stderr.length, stderr).toBeLessThan(2000)
      expect(stderr).toMatch(/at .*\b[a-z]\w{5,} .*imskit\/dist\/node\/[\w/-]+\.cjs:\d+:\d{1,3}\)/)
    }
  })
})
