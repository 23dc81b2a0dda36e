import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { migrateProject } from '../../../src/adapters/node/cli/migrate/project.ts'
import { root } from '../../kit/build.ts'
import { newPlace } from '../../kit/place.ts'

// generated programs whose parts resemble imports, and the published sources of packages

/** Statements that load none of the replaced packages. */
const inert = [
  `import a from 'a'`,
  `// import '@adobe/aio-lib-ims'`,
  `/* require("@adobe/aio-lib-ims") */`,
  `const b = "@adobe/aio-lib-ims"`,
  `f('@adobe/aio-lib-ims', \`require('@adobe/aio-lib-ims-jwt')\`)`,
  `const c = { '@adobe/aio-lib-ims': 1, require: '@adobe/aio-lib-ims' }`,
  `x = /'@adobe\\/aio-lib-ims'/.test(y) / 2 / 'g'`,
  `require('@adobe/aio-lib-imskit'); require('imskit'); import('../@adobe/aio-lib-ims')`,
  `a.require('@adobe/aio-lib-ims'); unrequire('@adobe/aio-lib-ims')`,
  `"use strict"; '@adobe/aio-lib-ims'`,
  `if (a) { b\n++\nc } else ({}).d`,
  `tag\`@adobe/aio-lib-ims\``,
  `import('@adobe/aio-lib-ims' + '')`,
  `require(name ?? '@adobe/aio-lib-ims')`,
  `/** 😀 \u2028 é */`,
  `@broken {{{`,
  '',
]
/** Statements that load one, with `<ims>` for each specifier. */
const loading = [
  `const { getToken } = require('<ims>')`,
  `import('<ims>/src/context')`,
  `jest.mock("<ims>", () => ({ a: '@adobe/aio-lib-ims' }))`,
  `export * from "<ims>"`,
  `void [require.resolve('<ims>'), 1]`,
]
const breaks = fc.constantFrom('\n', '\r\n', '\n\n\t', ' ;\u00a0\r\n')
const start = fc.constantFrom('', '\uFEFF', '#!/usr/bin/env node\n', '\uFEFF#!/usr/bin/env node\r\n')
const name = fc.constantFrom(
  'a.js',
  'a.mjs',
  'a.cjs',
  'a.jsx',
  'a.ts',
  'a.mts',
  'a.tsx',
  'bin/a',
  'a.vue',
  'a.json',
  '.env',
)

const program = (pieces: readonly string[]) =>
  fc
    .tuple(start, fc.array(fc.tuple(fc.constantFrom(...pieces), breaks), { maxLength: 12 }))
    .map(([first, parts]) => first + parts.flat().join(''))

async function migrated(file: string, bytes: Uint8Array) {
  const { cwd } = newPlace()
  mkdirSync(join(cwd, 'bin'))
  writeFileSync(join(cwd, file), bytes)
  const outcome = await migrateProject(cwd, { write: true, version: '1.2.3' })
  return { outcome, cwd, after: readFileSync(join(cwd, file)) }
}

test('a file that loads no replaced package is not changed by a byte', { timeout: 120_000 }, async () => {
  const text = program(inert).map((content) => Buffer.from(content))
  const noText = fc
    .tuple(program(loading), fc.uint8Array({ maxLength: 4 }))
    .map(([content, bytes]) => Buffer.concat([Buffer.from(`${content}\n// `), Buffer.from([0xff]), bytes]))
  await fc.assert(
    fc.asyncProperty(name, fc.oneof(text, noText), async (file, bytes) => {
      const { outcome, after } = await migrated(file, bytes)
      expect(outcome.changed).toEqual([])
      expect(after.equals(bytes)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('in a file that loads one, only the specifiers change, and only once', {
  timeout: 120_000,
}, async () => {
  const pieces = [...inert.filter((piece) => piece !== '@broken {{{'), ...loading]
  await fc.assert(
    fc.asyncProperty(program(pieces), async (content) => {
      const text = (specifier: string) => content.replaceAll('<ims>', specifier)
      const { outcome, after, cwd } = await migrated('a.js', Buffer.from(text('@adobe/aio-lib-ims')))
      expect(outcome.leftAlone).toEqual([])
      expect(after.toString()).toBe(text('imskit'))
      const again = await migrateProject(cwd, { write: true, version: '1.2.3' })
      expect(again.changed).toEqual([])
    }),
    { numRuns: 200 },
  )
})

/** Installed packages, some of which load `@adobe/aio-lib-ims`. */
const packages = [
  'aio-lib-ims',
  'aio-lib-ims-oauth',
  'aio-lib-core-auth',
  'aio-lib-core-config',
  'aio-lib-state',
  'jwt-auth',
]

test('in the published sources of packages, only specifiers change', async () => {
  const { cwd } = newPlace()
  for (const each of packages)
    cpSync(join(root, 'node_modules/@adobe', each), join(cwd, each), {
      recursive: true,
      dereference: true,
      filter: (path) => !path.slice(root.length + 14).includes('node_modules'),
    })
  const files = () =>
    Object.fromEntries(
      readdirSync(cwd, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(cwd.length + 1), readFileSync(path, 'utf8')]),
    )
  const before = files()
  const { changed, findings, leftAlone } = await migrateProject(cwd, { write: true, version: '1.2.3' })
  expect(leftAlone).toEqual([])
  const after = files()
  expect(Object.keys(after)).toEqual(Object.keys(before))
  const different = Object.keys(before).filter((file) => before[file] !== after[file])
  expect(different.sort()).toEqual(changed.map(({ file }) => file).sort())
  expect(different).toContain('aio-lib-ims/src/token-helper.js')
  for (const file of different.filter((each) => each.endsWith('.js'))) {
    expect(after[file]).toBe(
      before[file]?.replace(/(?<=require\(')@adobe\/aio-lib-ims(?:-jwt|-oauth)?(?='\))/g, 'imskit'),
    )
    await promisify(execFile)(process.execPath, ['--check', join(cwd, file)])
  }
  // the sources of `@adobe/aio-lib-ims` use their own exports
  expect(findings.some(({ file }) => file === 'aio-lib-ims/src/token-helper.js')).toBe(true)
})
