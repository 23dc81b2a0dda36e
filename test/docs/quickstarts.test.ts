import { beforeAll, describe, expect, test } from 'vitest'
import { buildSite } from '../kit/build.ts'
import { blocks } from './blocks.ts'
import { asShown, shownOn } from './quickstarts.ts'

// how long a quickstart is; node.test.ts, page.test.ts and worker.test.ts show that it works

const quickstarts = blocks.filter(({ words }) => words.includes('quickstart'))
const pageOf = (at: string) => at.split(':')[0] ?? ''

beforeAll(buildSite, 400_000)

test('there are four', () => {
  const pages = ['node', 'page', 'script-tag', 'worker'].map((name) => `docs/quickstart-${name}.md`)
  expect(quickstarts.map(({ at }) => pageOf(at)).sort()).toEqual(pages)
})

describe.each(quickstarts.map((block) => [pageOf(block.at), block] as const))('%s', (page, block) => {
  test('has at most five lines of code, shown as written', () => {
    const { code } = asShown(block)
    // a page also has its own tags, and the address of the file in place of an installation
    const lines = code.split('\n').filter((line) => block.language !== 'html' || !/^<|^\s*import imskit/.test(line))
    expect(lines.length).toBeLessThanOrEqual(5)
    expect(code).toBe(block.code)
  })

  test('takes at most two commands, the first of which installs', () => {
    const shown = shownOn(page)
    const program = shown.findIndex(({ language }) => language === block.language)
    const commands = shown
      .slice(0, program)
      .flatMap(({ language, text }) => (language === 'sh' ? text.split('\n') : []))
    expect(commands.length).toBeLessThanOrEqual(2)
    if (block.language === 'html') expect(commands).toEqual([])
    else expect(commands[0]).toBe('npm install imskit')
  })
})
