import { expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, which `npm run mutants` runs
import { mutants } from '../scripts/mutants/list.mjs'
// @ts-expect-error plain JavaScript, which `npm run mutants` runs
import { locate } from '../scripts/mutants/locate.mjs'

test('each mutant still names one place in the code', () => {
  const lost = (mutants as readonly object[]).flatMap((mutant) => {
    try {
      locate(mutant)
      return []
    } catch (error) {
      return [String(error)]
    }
  })
  expect(lost).toEqual([])
  expect(mutants.length).toBeGreaterThan(170)
})
