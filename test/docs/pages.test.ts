import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { transform } from 'esbuild'
import { describe, expect, test } from 'vitest'
// @ts-expect-error scripts without types
import { files, jobs } from '../../scripts/bundles.mjs'
// @ts-expect-error
import { workerJobs } from '../../scripts/bundles-worker.mjs'
// @ts-expect-error
import { filesOf, withAbsoluteLinks, withAddresses } from '../../scripts/repository.mjs'
import { blocks, pages, root, textOf } from './blocks.ts'

/** The runtimes of code in the documentation. Other tests run `before` and `after` (a migration) and the command line. */
const run = ['node', 'page', 'block', 'webworker', 'worker', 'jest', 'vitest', 'node-test', 'react', 'before', 'after']
/** What cannot stand alone: it is compiled. */
const compiled = ['fragment', 'config', 'playwright', 'recipe', 'agents', 'app']
const isCode = (language: string) => /^(?:js|ts|jsx|tsx)$/.test(language)

/** The anchors of a page, as the usual renderers make them of its headings. */
function anchorsOf(page: string): string[] {
  const headings = textOf(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .match(/^#+ .+$/gm)
  return (headings ?? []).map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

/** Links to files and anchors, as paths from the root. */
function linksOf(page: string): { link: string; file: string; anchor: string | undefined }[] {
  const text = textOf(page).replace(/^```[\s\S]*?^```/gm, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#')
      return { link, file: path === '' ? page : normalize(join(dirname(page), path)), anchor }
    })
}

describe('the documentation', () => {
  test('names the runtime of every program', () => {
    const unknown = blocks.filter(
      ({ language, place }) => isCode(language) && !run.includes(place ?? '') && !compiled.includes(place ?? ''),
    )
    expect(unknown.map(({ at }) => at)).toEqual([])
  })

  const parts = blocks.filter(({ language, place }) => isCode(language) && compiled.includes(place ?? ''))
  test.each(parts.map((block) => [block.at, block] as const))('%s compiles', async (_, { code, language, place }) => {
    const imports = code.match(/^import .*$/gm) ?? []
    const rest = code.replace(/^import .*$/gm, '')
    const whole = place === 'fragment' ? `${imports.join('\n')}\nasync () => {\n${rest}\n}` : code
    await transform(whole, {
      loader: language.endsWith('x') ? 'tsx' : 'ts',
      format: 'esm',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    })
  })

  test.each(pages)('%s links to nothing that is not there', (page) => {
    const broken = linksOf(page).filter(({ file, anchor }) => {
      if (!existsSync(join(root, file))) return true
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor)
    })
    expect(broken.map(({ link }) => link)).toEqual([])
  })

  test.each(pages)('%s names files and scripts that are there', (page) => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    const files = [...textOf(page).matchAll(/`((?:src|test|scripts|examples|bench|docs)\/[\w./-]+)`/g)]
    const run = [...textOf(page).matchAll(/`npm run ([\w:]+)/g)]
    // or in the app of a reader
    const told = blocks.filter(({ at }) => at.startsWith(`${page}:`)).flatMap(({ words }) => words)
    const unknown = files.map(([, file = '']) => file).filter((file) => !told.includes(`file=${file}`))
    expect(unknown.filter((file) => !existsSync(join(root, file)))).toEqual([])
    expect(run.map(([, script = '']) => script).filter((script) => !(script in scripts))).toEqual([])
  })

  test('has links in README that work on a page of npm, from one address (node scripts/repository.mjs)', () => {
    const manifest = JSON.parse(textOf('package.json'))
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    expect(readme).toBe(withAbsoluteLinks(readme, manifest))
    expect(readme.split(`](${filesOf(manifest)}`).length).toBeGreaterThan(40)
    expect(withAddresses(manifest)).toEqual(manifest)
  })

  test('loads the version of this package from the content delivery network', () => {
    const { version } = JSON.parse(textOf('package.json'))
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm\/imskit@([^/]+)\//g)].map(([, found]) => found),
    )
    expect(new Set(named)).toEqual(new Set([version]))
  })

  test('counts the cases of every runtime as they are', () => {
    const known = /known = (\d+)/.exec(textOf('test/conformance/hosts/main.ts'))?.[1]
    const counted = ['README.md', 'docs/runtimes.md'].map((page) => /(\d+) cases/.exec(textOf(page))?.[1])
    expect(counted).toEqual([known, known])
  })

  test('states sizes in README that are within 0.2 KB of their ceilings', () => {
    const readme = textOf('README.md')
    const browser = jobs['imskit: login by redirect']
    const whole = jobs['imskit: all of browserPlatform()']
    const ceilings = [browser.budget, browser.ceiling, whole.budget, whole.ceiling]
    const scripts = [files['imskit.login.js'].ceiling, files['imskit.js'].ceiling]
    const workers = ['client credentials', 'guard'].map((name) => workerJobs[`worker: ${name}`].ceiling)
    const [, section = ''] = /^## Size$(.*?)^## /ms.exec(readme) ?? []
    const rows = [...section.matchAll(/^\| imskit.*$/gm)].join().match(/[\d.]+(?= KB)/g)
    const prose = section.replace(/^\|.*$/gm, '').match(/[\d.]+(?= KB)/g)
    for (const [index, size] of [...(rows ?? []), ...(prose ?? [])].entries()) {
      const ceiling = [...ceilings, ...scripts, ...workers][index]
      expect(Math.abs(Number(size) * 1000 - ceiling), `${size} KB, ${ceiling} bytes`).toBeLessThanOrEqual(250)
    }
    expect([rows?.length, prose?.length]).toEqual([4, 4])
  })

  test('does not claim of any browser storage that it stops injected script (S56, S57)', () => {
    expect(textOf('docs/storage.md')).toMatch(/No storage of a browser stops an attacker who runs script in your page/)
    expect(pages.filter((page) => /secure(?:ly)? stor(?:age|ed?)/i.test(textOf(page)))).toEqual([])
  })

  test('has no page that README does not lead to', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const { file } of linksOf(page)) if (pages.includes(file)) reached.add(file)
    }
    expect(pages.filter((page) => !reached.has(page))).toEqual([])
  })
})
