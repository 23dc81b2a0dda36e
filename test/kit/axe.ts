import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** All rules of axe but some, or some alone. */
export interface AxeRules {
  readonly but?: readonly string[]
  readonly only?: readonly string[]
}

interface WithAxe {
  readonly axe?: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
}

/** The barriers that axe finds on a page that is open: the rule, and the first element that violates it. */
export async function barriersOf(page: Page, { but = [], only }: AxeRules = {}): Promise<string[]> {
  // a page's own policy does not apply to what a debugger evaluates
  await page.evaluate(axe)
  const rules = Object.fromEntries(but.map((rule) => [rule, { enabled: false }]))
  return page.evaluate(
    async (options) => {
      const result = await (globalThis as WithAxe).axe?.run(options)
      return (result?.violations ?? [{ id: 'axe did not run', nodes: [] }]).map(
        ({ id, nodes }) => `${id} ${nodes[0]?.html}`,
      )
    },
    { resultTypes: ['violations'], preload: false, ...(only === undefined ? { rules } : { runOnly: only }) },
  )
}
