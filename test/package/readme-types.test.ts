import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Kind, namesOfFragments, snippetsOf } from '../docs/snippets.ts'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { unpack } from '../kit/packed.ts'
import { compilers, typeCheck } from '../kit/type-check.ts'

// README's blocks in every resolution; those of all pages, in projects of real templates: test/world/templates

const project = folderOfFile()

beforeAll(async () => {
  await build()
  await unpack(root, project)
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'), 'dir')
  symlinkSync(join(root, 'node_modules/@cloudflare'), join(project, 'node_modules/@cloudflare'), 'dir')
}, 300_000)

const env =
  'declare global { interface Env { CLIENT_ID: string; CLIENT_SECRET: string; IMS_ENDPOINT?: string } }\nexport {}'
const places: readonly { readonly kinds: readonly Kind[]; readonly names: string; readonly options: object }[] = [
  {
    kinds: ['page', 'node'],
    // Vite declares it in a project of its own
    names: `${namesOfFragments.page}declare global { interface ImportMeta { readonly env: Record<string, string> } }`,
    options: { lib: ['es2023', 'dom', 'dom.iterable'], types: ['node'] },
  },
  { kinds: ['worker'], names: env, options: { lib: ['es2023'], types: ['@cloudflare/workers-types'] } },
]

const resolutions = [
  ['node16', 7, { module: 'node16' }],
  ['nodenext', 7, { module: 'nodenext' }],
  ['bundler', 7, { module: 'esnext', moduleResolution: 'bundler' }],
  // TypeScript 7 does not have it
  ['node', 5, { module: 'esnext', moduleResolution: 'node' }],
] as const

test('README has blocks for every runtime', () => {
  const counts = places.map(({ kinds }) => snippetsOf(...kinds).filter(({ at }) => at.startsWith('README')).length)
  expect(counts).toEqual([3, 1])
})

test.each(resolutions)('README compiles: %s (TypeScript %i)', { timeout: 120_000 }, async (_, version, mode) => {
  for (const { kinds, names, options } of places) {
    const snippets = snippetsOf(...kinds).filter(({ at }) => at.startsWith('README'))
    const files = [...snippets, { file: 'names.ts', source: names }]
    for (const { file, source } of files) writeFileSync(join(project, file), source)
    const given = { skipLibCheck: true, moduleDetection: 'force', ...options, ...mode }
    const found = await typeCheck(compilers[version], { project, files: files.map(({ file }) => file), options: given })
    expect(found).toBe('')
  }
})
