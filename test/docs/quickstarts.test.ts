import { beforeAll, describe, expect, test } from 'vitest'
import { buildSite } from '../kit/build.ts'
import { blocks } from './blocks.ts'
import { asShown, shownOn } from './quickstarts.ts'

// how much a quickstart asks for; that it works is shown where it runs: node.test.ts, page.test.ts, worker.test.ts

const quickstarts = blocks.filter(({ words }) => words.includes('quickstart'))
const pageOf = (at: string) => at.split(':')[0] ?? ''

beforeAll(buildSite, 400_000)

test('there are four', () => {
  const pages = ['node', 'page', 'script-tag', 'worker'].map((name) => `docs/quickstart-${name}.md`)
  expect(quickstarts.map(({ at }) => pageOf(at)).sort()).toEqual(pages)
})

describe.each(quickstarts.map((block) => [pageOf(block.at), block] as const))('%s', (page, block) => {
  test('is five lines of code at the most, and shown as it was written', () => {
    const { code } = asShown(block)
    // beside the code a page has its own tags, and the address of the file, which is what one installs elsewhere
    const lines = code.split('\n').filter((line) => block.language !== 'html' || !/^<|^\s*import imskit/.test(line))
    expect(lines.length).toBeLessThanOrEqual(5)
    expect(code).toBe(block.code)
  })

  test('takes two commands at the most, the first of which installs', () => {
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
