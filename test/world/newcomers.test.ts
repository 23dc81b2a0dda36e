import { afterAll, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { follow, type Outcome } from './kit/newcomer.ts'
import { sectionOf, stepsOf } from './kit/steps.ts'

// newcomers with an empty folder, the packed package and the text of README and of a quickstart: they save and run what
// the text says, and nothing else, until they have a token

const newContext = useBrowser()
const newcomers = [
  ['Node', 'README.md', undefined],
  ['browser app', 'README.md', 'Browser app with a bundler'],
  ['script tag', 'README.md', 'Script tag'],
  ['Worker', 'README.md', 'Worker'],
  ['migration', 'README.md', 'Migrate from `@adobe/aio-lib-ims`'],
  ['Node, quickstart', 'docs/quickstart-node.md', undefined],
  ['browser app, quickstart', 'docs/quickstart-page.md', undefined],
  ['script tag, quickstart', 'docs/quickstart-script-tag.md', undefined],
  ['Worker, quickstart', 'docs/quickstart-worker.md', undefined],
] as const

const outcomes: [name: string, outcome: Outcome][] = []

/** A table of what each newcomer needed. */
afterAll(() => {
  const row = (name: string, ...values: (string | number)[]) =>
    `${name.padEnd(28)}${values.map((value) => String(value).padStart(9)).join('')}\n`
  const rows = outcomes.map(([name, { steps, seconds }]) => row(name, steps, seconds))
  process.stdout.write(`\n${row('a token after', 'steps', 'seconds')}${rows.join('')}`)
})

describe('a newcomer without an account', () => {
  test.each(newcomers)('has a token: %s', { timeout: 300_000, retry: 0 }, async (name, page, heading) => {
    const outcome = await follow(stepsOf(sectionOf(page, heading)), newContext)
    outcomes.push([name, outcome])
    expect(outcome.token).toMatch(/^eyJ/)
    expect(outcome.steps).toBeLessThanOrEqual(10)
  })
})
