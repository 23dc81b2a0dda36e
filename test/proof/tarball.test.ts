import { execFile, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { entriesIn, frameworks, install, type Packed } from '../kit/packed.ts'
import { placeIn } from '../kit/place.ts'
import { compilers, typeCheck } from '../kit/type-check.ts'

// what npm would publish, installed into an empty project

const run = promisify(execFile)

const project = folderOfFile()
let packed: Packed
let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
  packed = await install(root, project)
}, 300_000)
afterAll(() => emulator?.close())

const installed = (...path: string[]) => join(project, 'node_modules', 'imskit', ...path)
const manifest = () => JSON.parse(readFileSync(installed('package.json'), 'utf8'))
// the others need a framework, which is not installed
const entries = () => entriesIn(project).filter((entry) => !frameworks.some((name) => entry === `imskit/${name}`))

/** Runs a program of the project in a bare environment. */
async function node(source: string, { form = 'mjs', args = [] as string[], env = {} } = {}) {
  const { env: own } = placeIn(join(project, 'place'), { AIO_IMS_CONFIG_ENDPOINT: emulator.url, ...env })
  writeFileSync(join(project, `program.${form}`), source)
  const options = { cwd: project, env: own, timeout: 20_000 }
  return run(process.execPath, [...args, `program.${form}`], options)
}

describe('the package', () => {
  test('is four packages altogether', () => {
    const modules = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))
    expect(modules.sort()).toEqual(['idb-keyval', 'imskit', 'jose', 'oauth4webapi'])
    expect(Object.keys(manifest().dependencies)).toEqual(['idb-keyval', 'jose', 'oauth4webapi'])
    expect(manifest().scripts ?? {}).not.toHaveProperty('postinstall')
  })

  test('holds the build and its papers, no source and no test', () => {
    const paths = packed.files.map(({ path }) => path)
    for (const path of ['package.json', 'LICENSE', 'README.md', 'dist/node/node.js', 'dist/types/node.d.ts']) {
      expect(paths).toContain(path)
    }
    const papers = /^(package\.json|LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md|dist\/THIRD_PARTY_NOTICES)$/
    const forAgents = /^(AGENTS\.md|llms\.txt|skills\/imskit\/SKILL\.md)$/
    const files = /^dist\/.+\.(c?js|d\.c?ts|map|json)$|^\w+\/package\.json$/
    const known = [papers, forAgents, files]
    expect(paths.filter((path) => !known.some((each) => each.test(path)))).toEqual([])
    expect(paths.filter((path) => /\.test\.|fixtures?\/|(^|\/)test\//.test(path))).toEqual([])
  })

  test('has every file that it names', () => {
    const targets = JSON.stringify(manifest().exports).match(/\.\/dist\/[^"]+/g) ?? []
    const { main, browser, types, typesVersions, bin, unpkg, jsdelivr } = manifest()
    const others = [main, browser, types, bin.imskit, unpkg, jsdelivr, ...Object.values(typesVersions['*']).flat()]
    for (const path of [...targets, ...others]) {
      expect(readFileSync(installed(path)).length, path).toBeGreaterThan(0)
    }
  })

  test('says its version by its command', async () => {
    const { stdout } = await run(join(project, 'node_modules', '.bin', 'imskit'), ['--version'])
    expect(stdout).toBe(`${manifest().version}\n`)
  })
})

describe('the quickstart', () => {
  const source = (load: string) => `
    ${load}
    const main = async () => {
      const redirect_uri = 'http://127.0.0.1/callback'
      const { client_id, client_secret } = ${JSON.stringify(emulator.contexts.oauth)}
      await context.set('example', { redirect_uri, client_id, client_secret, scope: 'openid' }, true)
      const token = await getToken('example', { interaction: 'login', open: false })
      const claims = getTokenData(token)
      console.log(JSON.stringify(claims))
    }
    main()`

  test.each([
    ['mjs', "import { context, getToken, getTokenData } from 'imskit'"],
    ['cjs', "const { context, getToken, getTokenData } = require('imskit')"],
  ])('works as %s', async (form, load) => {
    const { cwd, env } = placeIn(join(project, form), { AIO_IMS_CONFIG_ENDPOINT: emulator.url })
    writeFileSync(join(cwd, `program.${form}`), source(load))
    const child = spawn(process.execPath, [`program.${form}`], { cwd, env })
    const text = { stdout: '', stderr: '' }
    const ended = new Promise((resolve) => child.once('close', resolve))
    const address = new Promise<string>((resolve, reject) => {
      child.stderr.on('data', (chunk) => {
        text.stderr += chunk
        const [, url] = /\n\n\s*(http\S+)\n/.exec(text.stderr) ?? []
        if (url) resolve(url)
      })
      void ended.then(() => reject(new Error(text.stderr)))
    })
    child.stdout.on('data', (chunk) => {
      text.stdout += chunk
    })
    await fetch((await createPerson(emulator).visit(await address)).url)
    expect(await ended).toBe(0)
    expect(JSON.parse(text.stdout)).toMatchObject({
      client_id: emulator.contexts.oauth.client_id,
      scope: 'openid,AdobeID',
    })
    expect(text.stderr).not.toMatch(/Warning/)
  })
})

describe('every entry', () => {
  test('has the same named exports for import and require, one instance, and itself as default export', async () => {
    const { stdout } = await node(
      `
      const facts = async (entry) => {
        const [required, imported] = [require(entry), await import(entry)]
        const names = (from) => Object.keys(from).filter((name) => !['default', '__esModule', 'module.exports'].includes(name)).sort()
        const differ = names(imported).filter((name) => required[name] !== imported[name] || imported.default[name] !== imported[name])
        return { required: names(required), imported: names(imported), same: imported.default === required && required.default === required, differ }
      }
      Promise.all(${JSON.stringify(entries())}.map(facts)).then((all) => console.log(JSON.stringify(all)))`,
      { form: 'cjs' },
    )
    for (const { required, imported, same, differ } of JSON.parse(stdout)) {
      expect(imported.length).toBeGreaterThan(0)
      expect(required).toEqual(imported)
      expect(same).toBe(true)
      expect(differ).toEqual([])
    }
  })

  test('knows the errors of every other by their class', async () => {
    const { stdout } = await node(`
      import { createEmulator } from 'imskit/emulator'
      const own = await Promise.all(['imskit', 'imskit/node', 'imskit/core', 'imskit/worker'].map((name) => import(name)))
      const made = own.map(({ createClient }) => { try { createClient({}) } catch (error) { return error } })
      made.push(await createEmulator({ clients: [{}] }).catch((error) => error))
      console.log(JSON.stringify(made.map((error) => own.map(({ ConfigurationError, ImsError, isImsError }) =>
        error instanceof ConfigurationError && error instanceof ImsError && isImsError(error)))))`)
    expect(JSON.parse(stdout)).toEqual(Array(5).fill(Array(4).fill(true)))
  })

  test('has the exports of `@adobe/aio-lib-ims`, and each form sees a context that was set through the other', async () => {
    const { stdout } = await node(
      `
      const { context } = require('imskit')
      context.set('from-require', { a: 1 }).then(async () => {
        const imported = await import('imskit')
        const { data } = await imported.context.get('from-require')
        console.log(JSON.stringify({ data, names: Object.keys(imported) }))
      })`,
      { form: 'cjs' },
    )
    const { data, names } = JSON.parse(stdout)
    expect(data).toEqual({ a: 1 })
    const { createRequire } = await import('node:module')
    const old = Object.keys(createRequire(import.meta.url)('@adobe/aio-lib-ims'))
    const constants = ['IMS', 'CLI', 'CONFIG', 'CONTEXTS', 'CURRENT']
    expect(names).toEqual(expect.arrayContaining([...old, ...constants, 'createIms', 'ImsError', 'isImsError']))
  })
})

const consumer = `
  import imskit, { context, createClient, clientCredentials, getToken, getTokenData, Ims, isImsError } from 'imskit/node'
  import { authorizationCode, createClient as neutral, memoryPlatform } from 'imskit/core'
  import { startEmulator } from 'imskit/emulator'
  import { fakeClock } from 'imskit/testing'

  export async function main(): Promise<string> {
    await context.set('example', { client_id: 'x' }, true)
    const machine = createClient({
      flow: clientCredentials({ clientId: 'x', clientSecret: ['y'], scopes: 'openid' }),
      ...imskit.nodePlatform(),
    })
    // @ts-expect-error a machine has nobody to log in
    machine.login
    const person = neutral({ flow: authorizationCode({ clientId: 'x', scopes: ['openid'] }), ...memoryPlatform() })
    const url: URL = await person.startLogin({ redirectUri: 'https://app.example/' })
    const tokens = await machine.getTokens({ minValidity: 1000 })
    const expiry: number = tokens.expiresAt
    const { url: endpoint, close } = await startEmulator({ now: fakeClock().now })
    const ims = new Ims({ endpoint })
    const { access_token } = await ims.getAccessTokenByClientCredentials('x', 'y', 'z', ['a'])
    try {
      const token: string = await getToken('example', { interaction: 'none' })
      return getTokenData(token).user_id ?? url.href + expiry + access_token.token
    } catch (error) {
      return isImsError(error) ? error.code : 'unknown'
    } finally {
      await close()
    }
  }`

describe('the types', () => {
  const lib = ['es2023', 'dom', 'dom.iterable']
  const check = (compiler: string, file: string, options: object) =>
    typeCheck(compiler, { project, files: [file], options: { lib, ...options } })

  const withNode = { types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] }
  const modes: [string, object][] = [
    ['consumer.mts', { module: 'node16' }],
    ['consumer.cts', { module: 'node16' }],
    ['consumer.mts', { module: 'nodenext' }],
    ['consumer.cts', { module: 'nodenext' }],
    ['consumer.mts', { module: 'esnext', moduleResolution: 'bundler' }],
  ]

  test.each(modes)('serve %s in mode %j', async (file, mode) => {
    writeFileSync(join(project, file), consumer)
    expect(await check(compilers[7], file, { ...withNode, ...mode })).toBe('')
  })

  test.each([5, 6] as const)('serve TypeScript %i too', { timeout: 120_000 }, async (version) => {
    writeFileSync(join(project, 'consumer.mts'), consumer)
    expect(await check(compilers[version], 'consumer.mts', { ...withNode, module: 'nodenext' })).toBe('')
  })

  test('serve resolution as before `exports`, by typesVersions', { timeout: 120_000 }, async () => {
    writeFileSync(join(project, 'consumer.ts'), consumer)
    const old = { module: 'commonjs', moduleResolution: 'node', esModuleInterop: true }
    expect(await check(compilers[5], 'consumer.ts', { ...withNode, ...old })).toBe('')
  })

  test('are the same in both forms: what one makes the other takes', async () => {
    writeFileSync(join(project, 'maker.cts'), "import { Ims } from 'imskit/node'\nexport const ims = new Ims('prod')")
    const taker = "import { type Ims, ImsError } from 'imskit/node'\nimport { ims } from './maker.cjs'\n"
    writeFileSync(
      join(project, 'taker.mts'),
      `${taker}export const same: Ims = ims\nexport const made: ImsError | Ims = ims`,
    )
    expect(await check(compilers[7], 'taker.mts', { ...withNode, module: 'nodenext' })).toBe('')
  })
})
