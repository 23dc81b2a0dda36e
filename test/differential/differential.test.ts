import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../kit/build.ts'
import { startState } from '../kit/state-service.ts'
import { type Difference, differences } from './compare.ts'
import { explain, intended, isShown } from './intended.ts'
import { startRecordedIms } from './recorder.ts'
import type { Scenario } from './scenario.ts'
import { action } from './scenarios/action.ts'
import { contexts } from './scenarios/contexts.ts'
import { keptTokens } from './scenarios/kept-tokens.ts'
import { lowLevel } from './scenarios/low-level.ts'
import { machines } from './scenarios/machines.ts'
import { observe, type Services } from './side-by-side.ts'

// the published @adobe/aio-lib-ims and imskit live through the same stories; where they part, that is intended or a bug

let services: Services

beforeAll(async () => {
  await build()
  services = { ims: await startRecordedIms(), stage: await startRecordedIms(), state: await startState() }
}, 300_000)
afterAll(async () => {
  await services.ims.close()
  await services.stage.close()
  await services.state.close()
})

const scenarios: readonly Scenario[] = [...contexts, ...machines, ...keptTokens, ...lowLevel, ...action]
const found = new Map<string, Difference[]>()

describe('as @adobe/aio-lib-ims', () => {
  test.each(scenarios.map((scenario) => ({ name: scenario.name, scenario })))(
    '$name',
    async ({ scenario }) => {
      const old = await observe('old', scenario, services)
      const now = await observe('new', scenario, services)
      const all = differences(old, now)
      found.set(scenario.name, all)
      expect(all.filter((difference) => explain(scenario.name, difference) === undefined)).toEqual([])
    },
    120_000,
  )
})

test('every scenario has a name of its own', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
})

describe('still differs', () => {
  test.each(intended)('$id', (entry) => {
    // where a part of the scenarios was run alone, the rest cannot tell
    if (found.size < scenarios.length) return
    const gone = Object.entries(entry.shows ?? {}).flatMap(([scenario, places]) => {
      const differing = new Set(found.get(scenario)?.map(({ at }) => at))
      return places.filter((at) => !differing.has(at)).map((at) => `${scenario}: ${at}`)
    })
    expect(gone).toEqual([])
    expect([...found].some(([scenario, all]) => all.some((one) => isShown(entry, scenario, one)))).toBe(true)
  })
})

afterAll(() => {
  const { IMSKIT_DIFFERENCES: path } = process.env
  if (path !== undefined) writeFileSync(path, JSON.stringify(Object.fromEntries(found), undefined, 1))
  const rows = [...found].map(([name, all]) => {
    const ids = new Set(all.map((one) => explain(name, one)?.id ?? 'UNEXPLAINED'))
    return `${name}: ${[...ids].join(', ') || 'the same'}`
  })
  console.log(`${found.size} scenarios\n${rows.join('\n')}`)
})
