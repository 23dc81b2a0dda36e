import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/adapters/node/cli/migrate/project.ts'
import { build, root } from '../kit/build.ts'
import { newShell, type Shell } from './command.ts'

beforeAll(() => build())

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

function project(files: Readonly<Record<string, string | Buffer>>): Shell {
  const shell = newShell()
  for (const [name, content] of Object.entries(files)) {
    const path = join(shell.place.cwd, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  return shell
}

const read = (shell: Shell, name: string) => readFileSync(join(shell.place.cwd, name), 'utf8')
const write = (shell: Shell, code = 0) => shell.json<Outcome>(['migrate', '--write'], code)

/** What becomes of one file. */
async function rewritten(name: string, text: string): Promise<string> {
  const shell = project({ [name]: text })
  await write(shell)
  return read(shell, name)
}

describe('what is rewritten', () => {
  test.each([
    ['import.mjs', `import { getToken } from '@adobe/aio-lib-ims'`, `import { getToken } from 'imskit'`],
    ['bare.mjs', `import "@adobe/aio-lib-ims-oauth";`, `import "imskit";`],
    ['names.mjs', `export { Ims as default } from '@adobe/aio-lib-ims'`, `export { Ims as default } from 'imskit'`],
    ['all.mjs', `export * from '@adobe/aio-lib-ims/src/index.js'`, `export * from 'imskit'`],
    [
      'late.js',
      'await import(/* webpackChunkName: "ims" */ `@adobe/aio-lib-ims`)',
      'await import(/* webpackChunkName: "ims" */ `imskit`)',
    ],
    [
      'with.mjs',
      `import p from '@adobe/aio-lib-ims/package.json' with { type: 'json' }`,
      `import p from 'imskit/package.json' with { type: 'json' }`,
    ],
    ['require.cjs', `const ims=require  ( '@adobe/aio-lib-ims' )`, `const ims=require  ( 'imskit' )`],
    ['deep.js', `require('@adobe/aio-lib-ims/src/context').getContext()`, `require('imskit/src/context').getContext()`],
    ['deep-js.js', `require("@adobe/aio-lib-ims/src/context.js")`, `require("imskit/src/context.js")`],
    ['escaped.js', `require('@adobe\\u002faio-lib-ims')`, `require('imskit')`],
    [
      'amd.js',
      `define(function (require) { return require('@adobe/aio-lib-ims') })`,
      `define(function (require) { return require('imskit') })`,
    ],
    [
      'compiled.js',
      `const a = __importStar(require("@adobe/aio-lib-ims"));`,
      `const a = __importStar(require("imskit"));`,
    ],
    [
      'resolve.js',
      `require.resolve('@adobe/aio-lib-ims'); import.meta.resolve('@adobe/aio-lib-ims')`,
      `require.resolve('imskit'); import.meta.resolve('imskit')`,
    ],
    [
      'create.mjs',
      `const load = createRequire(import.meta.url); load('@adobe/aio-lib-ims')`,
      `const load = createRequire(import.meta.url); load('imskit')`,
    ],
    ['created.mjs', `createRequire(import.meta.url)('@adobe/aio-lib-ims')`, `createRequire(import.meta.url)('imskit')`],
    [
      'sloppy.js',
      `with (a) { delete b; c = 010; require('@adobe/aio-lib-ims'); var await = c }`,
      `with (a) { delete b; c = 010; require('imskit'); var await = c }`,
    ],
    [
      'twice.ts',
      `import type { Ims } from '@adobe/aio-lib-ims'\nexport const Ims = 1; var a; let a`,
      `import type { Ims } from 'imskit'\nexport const Ims = 1; var a; let a`,
    ],
    ['return.cjs', `return require('@adobe/aio-lib-ims')`, `return require('imskit')`],
    ['types.ts', `import type { Ims } from '@adobe/aio-lib-ims'`, `import type { Ims } from 'imskit'`],
    ['equals.cts', `import ims = require('@adobe/aio-lib-ims')`, `import ims = require('imskit')`],
    [
      'query.ts',
      `let a: typeof import('@adobe/aio-lib-ims'), b = <string>c`,
      `let a: typeof import('imskit'), b = <string>c`,
    ],
    ['declared.d.ts', `export type { Ims } from '@adobe/aio-lib-ims'`, `export type { Ims } from 'imskit'`],
    [
      'decorated.ts',
      `import { Ims } from '@adobe/aio-lib-ims'\n@Service() class A { constructor(@Inject() private b: Ims) {} }`,
      `import { Ims } from 'imskit'\n@Service() class A { constructor(@Inject() private b: Ims) {} }`,
    ],
    [
      'decorators.js',
      `import '@adobe/aio-lib-ims'\n@(make().it) class A { static accessor a = 1 }`,
      `import 'imskit'\n@(make().it) class A { static accessor a = 1 }`,
    ],
    [
      'page.jsx',
      `import { getToken } from '@adobe/aio-lib-ims'\nexport default () => <a b='c'>{getToken}</a>`,
      `import { getToken } from 'imskit'\nexport default () => <a b='c'>{getToken}</a>`,
    ],
    [
      'page.tsx',
      `import { Ims } from '@adobe/aio-lib-ims'\nconst a = <T,>(b: T): JSX.Element => <>{b as Ims}</>`,
      `import { Ims } from 'imskit'\nconst a = <T,>(b: T): JSX.Element => <>{b as Ims}</>`,
    ],
    ['jsx.js', `import '@adobe/aio-lib-ims'; const a = <b />`, `import 'imskit'; const a = <b />`],
    ['bin/run', `#!/usr/bin/env node\nrequire('@adobe/aio-lib-ims')\n`, `#!/usr/bin/env node\nrequire('imskit')\n`],
  ])('%s', async (name, before, after) => {
    expect(await rewritten(name, before)).toBe(after)
  })

  test.each([
    `jest.mock('@adobe/aio-lib-ims', () => ({ getToken: jest.fn() }))`,
    `jest.mock('a').doMock('@adobe/aio-lib-ims')`,
    `jest.unstable_mockModule('@adobe/aio-lib-ims', f)`,
    `import.meta.jest.unmock('@adobe/aio-lib-ims')`,
    `const a = { ...jest.requireActual('@adobe/aio-lib-ims') }`,
    `vi.mock('@adobe/aio-lib-ims', async (original) => ({ ...(await original()) }))`,
    `vi.mock(import('@adobe/aio-lib-ims'))`,
    `await vi.importActual('@adobe/aio-lib-ims')`,
    `t.mock.module('@adobe/aio-lib-ims', { namedExports: {} })`,
    `mock.module('@adobe/aio-lib-ims', f)`,
    `td.replaceEsm('@adobe/aio-lib-ims')`,
    `mockery.registerMock('@adobe/aio-lib-ims', a)`,
    `proxyquire('./a', { '@adobe/aio-lib-ims': stub })`,
    `proxyquire.noCallThru().load('./a', { '@adobe/aio-lib-ims': stub })`,
    `await esmock('./a.js', { '@adobe/aio-lib-ims': stub })`,
  ])('in tests: %s', async (text) => {
    expect(await rewritten('a.test.js', text)).toBe(text.replace('@adobe/aio-lib-ims', 'imskit'))
  })

  test('the mock of a plug-in, unless the file mocks the library too', async () => {
    const shell = project({
      'one.test.js': `jest.mock('@adobe/aio-lib-ims-oauth')`,
      'two.test.js': `jest.mock('@adobe/aio-lib-ims-oauth', f)\njest.mock('@adobe/aio-lib-ims', g)`,
    })
    const { findings } = await write(shell)
    expect(read(shell, 'one.test.js')).toBe(`jest.mock('imskit')`)
    expect(read(shell, 'two.test.js')).toBe(`jest.mock('@adobe/aio-lib-ims-oauth', f)\njest.mock('imskit', g)`)
    expect(findings).toMatchObject([
      { file: 'one.test.js', level: 'change' },
      { file: 'two.test.js', line: 1, level: 'change', todo: expect.stringContaining('second mock') },
    ])
  })
})

describe('what stays as it is', () => {
  test.each([
    ['comments', `// require('@adobe/aio-lib-ims')\n/* import('@adobe/aio-lib-ims') */\nf(1)`],
    ['a text', `const a = "require('@adobe/aio-lib-ims')"`],
    ['a template', 'const a = `import "@adobe/aio-lib-ims"`'],
    ['a regular expression', `const a = /require\\('@adobe\\/aio-lib-ims'\\)/`],
    ['JSX', `const a = <p title="@adobe/aio-lib-ims">import '@adobe/aio-lib-ims'</p>`],
    ['an argument of another function', `install('@adobe/aio-lib-ims'); a.require('x', '@adobe/aio-lib-ims')`],
    [
      'other packages',
      `require('@adobe/aio-lib-ims-other'); require('@adobe/aio-lib-imskit'); import '@adobe/aio-lib-core-config'`,
    ],
    ['a path that has no counterpart', `require('@adobe/aio-lib-ims/src/errors')`],
    ['a declaration of types', `declare module '@adobe/aio-lib-ims' { export const a: 1 }`],
  ])('%s', async (name, text) => {
    const file = name === 'JSX' ? 'a.jsx' : name.startsWith('a declaration') ? 'a.ts' : 'a.js'
    expect(await rewritten(file, text)).toBe(text)
  })

  test.each([
    ['a.js', '/**\n * @type {import("@adobe/aio-lib-ims").Ims}\n */\nlet a', 'a.js:2'],
    ['a.js', `\nconst external = ['@adobe/aio-lib-ims']`, 'a.js:2'],
    ['a.js', `\n\nrequire('@adobe/aio-lib-ims/src/errors')`, 'a.js:3'],
    ['a.ts', `declare module '@adobe/aio-lib-ims' {}`, 'a.ts:1'],
    ['a.js', `const { imsLogin } = require('@adobe/aio-lib-ims-jwt')`, 'a.js:1'],
    ['a.vue', `<script>\nimport '@adobe/aio-lib-ims'\n</script>`, 'a.vue:2'],
    ['jest.config.json', `{\r\n"moduleNameMapper": { "^@adobe/aio-lib-ims$": "x" } }`, 'jest.config.json:2'],
  ])('and is listed: %s %s', async (name, text, place) => {
    const { findings } = await write(project({ [name]: text }))
    expect(findings.map(({ file, line }) => `${file}:${line}`)).toEqual([place])
    expect(findings[0]?.see).toEqual(['docs/migrating.md#from-adobeaio-lib-ims'])
  })

  test('line breaks, marks and blanks', async () => {
    const [mark, crlf] = ['\uFEFF', '\r\n']
    const text = (specifier: string) =>
      `${mark}#!/usr/bin/env node${crlf}'use strict'${crlf}${crlf}\tconst a = require('${specifier}')  ;${crlf}\u2028const ä = '😀'; require("${specifier}")${crlf}   `
    expect(await rewritten('a.js', text('@adobe/aio-lib-ims'))).toBe(text('imskit'))
  })
})

describe('the files', () => {
  test('a dry run writes nothing, and --write what it said; the second time there is nothing to do', async () => {
    const text = `const { getToken } = require('@adobe/aio-lib-ims')\n`
    const shell = project({ 'src/a.js': text })
    const dry = await shell.json<Outcome & { written: boolean }>(['migrate'])
    expect(dry).toMatchObject({
      written: false,
      changed: [{ file: 'src/a.js', edits: [{ line: 1, from: '@adobe/aio-lib-ims', to: 'imskit' }] }],
    })
    expect(read(shell, 'src/a.js')).toBe(text)
    const { stdout } = await shell.run(['migrate'])
    expect(stdout).toContain('src/a.js\n  1  @adobe/aio-lib-ims -> imskit\n')
    expect(stdout).toContain('1 file would change, nothing was written.')
    expect(await write(shell)).toMatchObject({ written: true, changed: dry.changed })
    const path = join(shell.place.cwd, 'src/a.js')
    const before = statSync(path)
    expect(await write(shell)).toMatchObject({ changed: [], leftAlone: [] })
    expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
    expect(readdirSync(join(shell.place.cwd, 'src'))).toEqual(['a.js'])
  })

  test('what is installed or built is not looked at, and what is skipped is said', async () => {
    const text = `require('@adobe/aio-lib-ims')`
    const names = [
      'node_modules/a/a.js',
      '.git/hooks/a.js',
      'dist/a.js',
      'packages/b/build/a.js',
      'packages/b/node_modules/a.js',
    ]
    const shell = project({ ...Object.fromEntries(names.map((name) => [name, text])), 'packages/b/a.js': text })
    const { changed, skipped } = await write(shell)
    expect(changed.map(({ file }) => file)).toEqual(['packages/b/a.js'])
    expect(skipped).toEqual(['dist', 'packages/b/build'])
    for (const name of names) expect(read(shell, name)).toBe(text)
    expect(await shell.json(['migrate', 'dist'])).toMatchObject({ changed: [{ file: 'a.js' }] })
  })

  test.skipIf(process.platform === 'win32')('symbolic links are not followed', async () => {
    const text = `require('@adobe/aio-lib-ims')`
    const shell = project({ 'a.js': text, '../outside/b.js': text })
    symlinkSync(join(shell.place.cwd, '../outside'), join(shell.place.cwd, 'folder'))
    symlinkSync(join(shell.place.cwd, '../outside/b.js'), join(shell.place.cwd, 'b.js'))
    symlinkSync('.', join(shell.place.cwd, 'loop'))
    symlinkSync('nowhere', join(shell.place.cwd, 'dangling.js'))
    expect(await write(shell)).toMatchObject({ changed: [{ file: 'a.js' }], leftAlone: [] })
    expect(read(shell, '../outside/b.js')).toBe(text)
    expect(lstatSync(join(shell.place.cwd, 'b.js')).isSymbolicLink()).toBe(true)
  })

  test.skipIf(process.platform === 'win32')('a file keeps its mode; one that is read-only is left alone', async () => {
    const text = `require('@adobe/aio-lib-ims')`
    const shell = project({ 'a.js': text, 'b.js': text })
    const path = (name: string) => join(shell.place.cwd, name)
    chmodSync(path('a.js'), 0o754)
    chmodSync(path('b.js'), 0o444)
    linkSync(path('a.js'), path('../same'))
    const { leftAlone } = await write(shell, 1)
    expect(leftAlone).toEqual([{ file: 'b.js', reason: 'is read-only' }])
    expect(statSync(path('a.js')).mode & 0o777).toBe(0o754)
    expect(read(shell, 'b.js')).toBe(text)
    // replaced in one step, not written into
    expect(read(shell, '../same')).toBe(text)
  })

  test('what cannot be parsed or is no UTF-8 is listed and left alone', async () => {
    const files = {
      'broken.js': `const = require('@adobe/aio-lib-ims')`,
      'semicolon.js': `let a = 1 b = require('@adobe/aio-lib-ims')`,
      'broken.ts': `const a: = require('@adobe/aio-lib-ims')`,
      'latin.js': Buffer.from(`require('@adobe/aio-lib-ims') // \xe4`, 'latin1'),
      'package.json': '{ "dependencies": { "@adobe/aio-lib-ims": "1", } }',
      'nested.js': `require('@adobe/aio-lib-ims'); ${'['.repeat(200_000)}`,
      'unrelated.js': 'const = 1',
      'good.js': `require('@adobe/aio-lib-ims')`,
    }
    const shell = project(files)
    const dry = await shell.json<Outcome>(['migrate'])
    const { changed, leftAlone } = await write(shell, 1)
    expect(changed.map(({ file }) => file)).toEqual(['good.js'])
    expect(leftAlone).toEqual(dry.leftAlone)
    expect(Object.fromEntries(leftAlone.map(({ file, reason }) => [file, reason]))).toEqual({
      'broken.js': expect.stringMatching(/^cannot be parsed: .*\(1:6\)/),
      'broken.ts': expect.stringMatching(/^cannot be parsed: /),
      'latin.js': 'is not UTF-8',
      'nested.js': 'cannot be parsed: it nests too deeply',
      'semicolon.js': expect.stringMatching(/^cannot be parsed: Missing semicolon/),
      'package.json': expect.stringMatching(/^cannot be parsed: /),
    })
    for (const [name, content] of Object.entries(files))
      if (name !== 'good.js') expect(readFileSync(join(shell.place.cwd, name))).toEqual(Buffer.from(content))
  })

  test('a text without an ending is no program, and a program that is too large is listed', async () => {
    const text = `require('@adobe/aio-lib-ims')\n`
    const shell = project({ NOTES: text, 'bin/tool': `#!/bin/sh\n${text}`, 'large.js': text + ' '.repeat(5_000_000) })
    const { changed, leftAlone } = await write(shell, 1)
    expect(changed).toEqual([])
    expect(leftAlone).toEqual([{ file: 'large.js', reason: 'cannot be read (larger than 5 MB)' }])
    expect(read(shell, 'NOTES')).toBe(text)
  })

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('what cannot be read is listed', async () => {
    const shell = project({ 'a.js': 'f()', 'b/c.js': 'f()' })
    chmodSync(join(shell.place.cwd, 'a.js'), 0)
    chmodSync(join(shell.place.cwd, 'b'), 0)
    const { leftAlone } = await write(shell, 1)
    chmodSync(join(shell.place.cwd, 'b'), 0o700)
    expect(leftAlone).toEqual(['a.js', 'b'].map((file) => ({ file, reason: 'cannot be read (EACCES)' })))
  })

  test('a folder that does not exist is wrong usage', async () => {
    const shell = newShell()
    expect(await shell.run(['migrate', 'nowhere'])).toMatchObject({ code: 2, stdout: '' })
    writeFileSync(join(shell.place.cwd, 'file'), '')
    expect((await shell.run(['migrate', 'file'])).code).toBe(2)
    expect(existsSync(join(shell.place.cwd, 'nowhere'))).toBe(false)
  })

  test('a folder without anything to do says so', async () => {
    expect(await project({ 'a.js': 'f()' }).run(['migrate', '--write'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to rewrite.\n',
    })
  })
})

describe('package.json', () => {
  const manifest = async (text: string) => {
    const shell = project({ 'package.json': text })
    const { findings } = await write(shell)
    const after = read(shell, 'package.json')
    expect(() => JSON.parse(after.replace('\uFEFF', ''))).not.toThrow()
    return { after, findings }
  }

  test.each([
    [
      'exact',
      '{ "dependencies": { "@adobe/aio-lib-ims": "8.1.2" } }',
      `{ "dependencies": { "imskit": "${version}" } }`,
    ],
    ['tilde', '{"dependencies":{"@adobe/aio-lib-ims":"~8.1.2"}}', `{"dependencies":{"imskit":"~${version}"}}`],
    [
      'any other range',
      '{"devDependencies":{"@adobe/aio-lib-ims":"7 || 8"}}',
      `{"devDependencies":{"imskit":"^${version}"}}`,
    ],
    [
      'tabs, CRLF and a mark',
      '\uFEFF{\r\n\t"dependencies": {\r\n\t\t"@adobe/aio-lib-ims": "^8",\r\n\t\t"a": "1"\r\n\t}\r\n}\r\n',
      `\uFEFF{\r\n\t"dependencies": {\r\n\t\t"imskit": "^${version}",\r\n\t\t"a": "1"\r\n\t}\r\n}\r\n`,
    ],
    [
      'the plug-ins at the end',
      '{\n  "dependencies": {\n    "a": "1",\n    "@adobe/aio-lib-ims": "^8",\n    "@adobe/aio-lib-ims-jwt": "^5",\n    "@adobe/aio-lib-ims-oauth": "^6"\n  }\n}',
      `{\n  "dependencies": {\n    "a": "1",\n    "imskit": "^${version}"\n  }\n}`,
    ],
    [
      'the plug-ins at the start',
      '{\n  "dependencies": {\n    "@adobe/aio-lib-ims-jwt": "^5",\n    "@adobe/aio-lib-ims-oauth": "^6",\n    "imskit": "1",\n    "b": "2"\n  }\n}',
      '{\n  "dependencies": {\n    "imskit": "1",\n    "b": "2"\n  }\n}',
    ],
    [
      'the same in two places',
      '{\n  "dependencies": { "imskit": "1" },\n  "devDependencies": {\n    "@adobe/aio-lib-ims": "8"\n  }\n}',
      '{\n  "dependencies": { "imskit": "1" },\n  "devDependencies": {}\n}',
    ],
    [
      'peers, which are installed for tests as well',
      '{"peerDependencies":{"@adobe/aio-lib-ims":">=7"},"peerDependenciesMeta":{"@adobe/aio-lib-ims":{"optional":true}},"devDependencies":{"@adobe/aio-lib-ims":"8.1.2"}}',
      `{"peerDependencies":{"imskit":"^${version}"},"peerDependenciesMeta":{"imskit":{"optional":true}},"devDependencies":{"imskit":"${version}"}}`,
    ],
  ])('%s', async (_, before, after) => {
    expect((await manifest(before)).after).toBe(after)
    expect((await manifest(after)).after).toBe(after)
  })

  test('an address with a password becomes a version and is not printed', async () => {
    const address = 'git+https://user:hunter2@git.example/aio-lib-ims.git'
    const shell = project({ 'package.json': JSON.stringify({ dependencies: { '@adobe/aio-lib-ims': address } }) })
    for (const words of [['migrate'], ['migrate', '--json'], ['migrate', '--write', '--verbose']]) {
      const { stdout, stderr } = await shell.run(words)
      expect(stdout + stderr).toContain('(an address)')
      expect(stdout + stderr).not.toContain('hunter2')
    }
    expect(JSON.parse(read(shell, 'package.json'))).toEqual({ dependencies: { imskit: `^${version}` } })
  })

  test('what else names the old packages is listed', async () => {
    const { after, findings } = await manifest(`{
      "dependencies": { "@adobe/aio-lib-core-auth": "1.0.0" },
      "overrides": {
        "@adobe/aio-lib-ims": "npm:imskit@1.0.0",
        "a": { "@adobe/aio-lib-ims": "$@adobe/aio-lib-ims" },
        "@adobe/aio-lib-ims-oauth": "6"
      },
      "bundleDependencies": ["@adobe/aio-lib-ims"],
      "jest": { "moduleNameMapper": { "^@adobe/aio-lib-ims$": "<rootDir>/mock" } }
    }`)
    expect(after).toContain('"@adobe/aio-lib-core-auth": "1.0.0"')
    expect(findings.map(({ line, level }) => [line, level])).toEqual([
      [2, 'change'],
      [5, 'change'],
      [6, 'check'],
      [8, 'check'],
      [9, 'check'],
    ])
  })
})
