import { beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../kit/build.ts'
import { project, read, rewritten, write } from './kit.ts'

beforeAll(() => build())

describe('a specifier is replaced in', () => {
  test.each([
    ['import.mjs', `import { getToken } from '@adobe/aio-lib-ims'`, `import { getToken } from 'imskit'`],
    ['bare.mjs', `import "@adobe/aio-lib-ims-oauth";`, `import "imskit";`],
    ['names.mjs', `export { Ims as default } from '@adobe/aio-lib-ims'`, `export { Ims as default } from 'imskit'`],
    ['all.mjs', `export * from '@adobe/aio-lib-ims/src/index.js'`, `export * from 'imskit'`],
    [
      'lazy.js',
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
  ])('a test: %s', async (text) => {
    expect(await rewritten('a.test.js', text)).toBe(text.replace('@adobe/aio-lib-ims', 'imskit'))
  })

  test('the mock of a plug-in, unless the file mocks `@adobe/aio-lib-ims` too', async () => {
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

describe('no edit is made', () => {
  test.each([
    ['comments', `// require('@adobe/aio-lib-ims')\n/* import('@adobe/aio-lib-ims') */\nf(1)`],
    ['a string', `const a = "require('@adobe/aio-lib-ims')"`],
    ['a template', 'const a = `import "@adobe/aio-lib-ims"`'],
    ['a regular expression', `const a = /require\\('@adobe\\/aio-lib-ims'\\)/`],
    ['JSX', `const a = <p title="@adobe/aio-lib-ims">import '@adobe/aio-lib-ims'</p>`],
    ['an argument of another function', `install('@adobe/aio-lib-ims'); a.require('x', '@adobe/aio-lib-ims')`],
    [
      'other packages',
      `require('@adobe/aio-lib-ims-other'); require('@adobe/aio-lib-imskit'); import '@adobe/aio-lib-core-config'`,
    ],
    ['a path without a counterpart', `require('@adobe/aio-lib-ims/src/errors')`],
    ['a declaration of types', `declare module '@adobe/aio-lib-ims' { export const a: 1 }`],
  ])('in %s', async (name, text) => {
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
  ])('and a finding is listed: %s %s', async (name, text, place) => {
    const { findings } = await write(project({ [name]: text }))
    expect(findings.map(({ file, line }) => `${file}:${line}`)).toEqual([place])
    expect(findings[0]?.see).toEqual(['docs/migrating.md#from-adobeaio-lib-ims'])
  })

  test('to line breaks, byte order marks and white space', async () => {
    const [mark, crlf] = ['\uFEFF', '\r\n']
    const text = (specifier: string) =>
      `${mark}#!/usr/bin/env node${crlf}'use strict'${crlf}${crlf}\tconst a = require('${specifier}')  ;${crlf}\u2028const ä = '😀'; require("${specifier}")${crlf}   `
    expect(await rewritten('a.js', text('@adobe/aio-lib-ims'))).toBe(text('imskit'))
  })
})
