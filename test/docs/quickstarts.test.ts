import { beforeAll, describe, expect, test } from 'vitest'
import { buildSite } from '../kit/build.ts'
import { blocks, blocksOf, isForNewcomers, textOf } from './blocks.ts'
import { asShown, shownOn } from './quickstarts.ts'

// how long a first program is; places-*.test.ts show that it works

const programs = blocks.filter(isForNewcomers)
const pageOf = (at: string) => at.split(':')[0] ?? ''
const quickstarts = ['node', 'page', 'script-tag', 'worker'].map((name) => `docs/quickstart-${name}.md`)

beforeAll(buildSite, 400_000)

test('README and four pages have programs for newcomers', () => {
  expect([...new Set(programs.map(({ at }) => pageOf(at)))].sort()).toEqual(['README.md', ...quickstarts])
})

test('README starts with the installation and a program of five lines', () => {
  const [install, program, run] = blocksOf('README.md')
  expect(install?.code).toBe('npm install imskit')
  expect(program?.code.split('\n').filter(Boolean)).toHaveLength(5)
  expect(run?.code).toMatch(/^npx imskit \S[^\n]+$/)
})

test('README has the programs of the quickstarts', () => {
  const text = textOf('README.md')
  const first = quickstarts.flatMap((page) => blocksOf(page).filter(isForNewcomers).slice(0, 1))
  expect(first.filter(({ code }) => !text.includes(code)).map(({ at }) => at)).toEqual([])
})

test.each(programs.map((block) => [block.at, block] as const))('%s fits on a screen, as written', (_, block) => {
  expect(asShown(block).code.split('\n').length).toBeLessThanOrEqual(30)
})

describe.each(quickstarts)('%s', (page) => {
  test('takes at most one command before its first program, which installs', () => {
    const shown = shownOn(page)
    const program = shown.findIndex(({ text }) => /\bimport .* from '.*imskit/.test(text))
    const commands = shown
      .slice(0, program)
      .flatMap(({ language, text }) => (language === 'sh' ? text.split('\n') : []))
    expect(commands.length).toBeLessThanOrEqual(1)
    expect(commands.filter((command) => !command.startsWith('npm install imskit'))).toEqual([])
  })
})
