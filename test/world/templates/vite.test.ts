import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { namesOfFragments, snippetsOf } from '../../docs/snippets.ts'
import { typeScript, versions, viteBuild, vueTypeScript } from './compilers.ts'
import { bareProject, edit, useProjects, viteProject, write } from './projects.ts'

// the blocks of README and docs for pages, in new projects of create-vite

const projects = useProjects()
const page = snippetsOf('page')
const react = snippetsOf('react')
const config = snippetsOf('vite-config')
const wrong = [{ at: '', file: 'wrong.ts', source: "import { nodePlatform } from 'imskit/browser'\nnodePlatform()\n" }]

/** Writes the blocks into the project, whose first page loads them all, one after the other. */
function fill(folder: string, snippets: typeof page, first: string): void {
  write(join(folder, 'src/docs'), snippets)
  const loads = snippets
    .filter(({ file }) => file !== 'vault.ts')
    .map(({ file }) => `await import('./docs/${file.replace(/\.tsx?$/, '')}')`)
  edit(join(folder, 'src', first), (text) => `${text}\n${loads.join('\n')}\n`)
  for (const { file, source } of config) write(folder, [{ at: '', file, source }])
  const files = config.map(({ file }) => `"${file}"`).join(', ')
  edit(join(folder, 'tsconfig.node.json'), (text) => text.replace('"vite.config.ts"', `"vite.config.ts", ${files}`))
}

const app = ['-p', 'tsconfig.app.json']
const ofNode = ['-p', 'tsconfig.node.json']

describe('react-ts', () => {
  let folder = ''
  beforeAll(async () => {
    folder = projects.folder('react-app')
    await viteProject(folder, 'react-ts')
    const names = [
      { at: '', file: 'names-of-page.ts', source: namesOfFragments.page ?? '' },
      { at: '', file: 'names-of-react.ts', source: namesOfFragments.react ?? '' },
    ]
    fill(folder, [...page, ...react, ...names], 'main.tsx')
  }, 300_000)

  test('has blocks', () => {
    expect(page.length).toBeGreaterThan(12)
    expect(Math.min(react.length, config.length)).toBeGreaterThan(0)
  })

  test.each(versions)('compiles with TypeScript %s', async (version) => {
    expect(await typeScript(version, folder, ...app)).toEqual([])
    expect(await typeScript(version, folder, ...ofNode)).toEqual([])
  })

  test('builds', async () => expect(await viteBuild(folder)).toEqual([]))

  test('does not compile what is wrong', async () => {
    write(join(folder, 'src/docs'), wrong)
    expect(await typeScript(7, folder, ...app)).toEqual([expect.stringMatching(/wrong\.ts.+nodePlatform/)])
  })
})

describe('vue-ts', () => {
  let folder = ''
  beforeAll(async () => {
    folder = projects.folder('vue-app')
    await viteProject(folder, 'vue-ts')
    fill(folder, [...page, { at: '', file: 'names-of-page.ts', source: namesOfFragments.page ?? '' }], 'main.ts')
  }, 300_000)

  // vue-tsc needs the interface of a compiler in JavaScript, which 7 does not have
  test.each([5, 6] as const)('compiles with vue-tsc of TypeScript %i', async (version) => {
    expect(await vueTypeScript(version, folder, ...app)).toEqual([])
    expect(await typeScript(version, folder, ...ofNode)).toEqual([])
  })

  test('builds', async () => expect(await viteBuild(folder)).toEqual([]))

  test('does not compile what is wrong', async () => {
    write(join(folder, 'src/docs'), wrong)
    expect(await vueTypeScript(6, folder, ...app)).toEqual([expect.stringMatching(/wrong\.ts.+nodePlatform/)])
  })
})

describe('pages without a build', () => {
  const networks = ['https://cdn.jsdelivr.net/npm/imskit@0.1.0', 'https://cdn.example/imskit@0.1.0']
  const scripts = snippetsOf('script-tag')
  const ofAem = snippetsOf('block')
  let folder = ''
  beforeAll(() => {
    folder = projects.folder('script-tag')
    bareProject(folder, { name: 'pages', private: true })
    const compilerOptions = {
      ...{ strict: true, checkJs: true, target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable'], types: [] },
      ...{ module: 'esnext', moduleResolution: 'bundler' },
      // an editor finds the types next to the file that the page loads
      paths: Object.fromEntries(networks.map((address) => [`${address}/*`, ['./node_modules/imskit/*']])),
    }
    const files = ['node_modules/imskit/dist/imskit.global.d.ts']
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['docs'], files }))
    write(join(folder, 'docs'), scripts)
    // a project of AEM Edge Delivery Services has its own copy
    write(join(folder, 'docs/blocks/sign-in'), ofAem)
    mkdirSync(join(folder, 'docs/scripts'))
    const types = "export * from '../../node_modules/imskit/dist/imskit.login.js'\n"
    writeFileSync(join(folder, 'docs/scripts/imskit.login.d.ts'), types)
  })

  test('are there', () => {
    expect(scripts.length).toBeGreaterThan(2)
    expect(ofAem).toHaveLength(1)
  })

  test.each(versions)('compile with TypeScript %s', async (version) => {
    expect(await typeScript(version, folder, '-p', '.')).toEqual([])
  })
})
