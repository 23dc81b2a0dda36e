import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright'
import { launchOptions } from '../faults/chromium.ts'
import { example, newCounts, scopeOf } from '../judge/state.ts'
import type { Setting } from '../parts/part.ts'
import { startProcesses } from '../parts/processes.ts'
import { run } from '../runs.ts'
import type { Front } from '../server/front.ts'
import type { Site } from '../server/site.ts'
import type { Row } from '../table.ts'
import type { ControlConfig } from './control.ts'

// each shows that the harness can fail: that zeros of imskit are not the harness's blindness

export interface ControlSetting extends Setting {
  readonly site: Site
  /** The strict server. */
  readonly front: Front
  readonly seconds: number
}

/** Processes whose platform has no lock, so that every renewal runs at once; nothing else disturbs them. */
export async function withoutLock(setting: ControlSetting): Promise<Row> {
  const { front, judge, seconds } = setting
  const name = 'imskit without a lock'
  const scratch = join(setting.scratch, 'control')
  mkdirSync(scratch, { mode: 0o755 })
  const fronts = [front]
  const part = await startProcesses(
    { ...setting, fronts, scratch },
    { name, count: 8, longestStop: 0, withoutLock: true },
  )
  const undisturbed = { ...part, disturb: async () => {} }
  // slow enough for every process to come by before the first has its answer
  const { slowness } = front
  front.slowness = () => 600
  const rates = { 'slow-before': 1 }
  await run(
    { judge, fronts, parts: [undisturbed] },
    { name: 'control', gentle: true, seconds, rates, settleSeconds: 5 },
  )
  front.slowness = slowness
  await part.end()
  return {
    run: 'control',
    scope: name,
    counts: scopeOf(judge, `${name}@${front.engine.name}`).counts,
    countsHandles: true,
  }
}

const libraries = { 'page-oidc': 'oidc-client-ts', 'page-auth0': 'auth0-spa-js' }

/** Eight tabs of another library, at a server that is slow now and then. */
export async function otherLibrary(setting: ControlSetting, script: keyof typeof libraries): Promise<Row> {
  const { site, front, judge, seconds } = setting
  const name = libraries[script]
  const scope = scopeOf(judge, `${name}@${front.engine.name}`)
  scope.counts = newCounts()
  site.configure(script, { endpoint: front.url, clientId: 'control', actor: `${name}-0` } satisfies ControlConfig)
  const browser = await chromium.launch(launchOptions)
  const context = await browser.newContext()
  const open = async () => {
    const page = await context.newPage()
    await page.goto(`${site.origin}/${script}`)
    await page.waitForFunction(() => window.otherLibrary !== undefined)
    return page
  }
  try {
    const first = await open()
    await first.evaluate(() => void window.otherLibrary.login())
    await first.waitForURL('**code=**')
    await first.waitForFunction(() => window.otherLibrary !== undefined)
    const tabs = [first, ...(await Promise.all(Array.from({ length: 7 }, open)))]
    const { slowness } = front
    Object.assign(front, { rates: { 'slow-after': 0.3 }, slowness: () => 12_000 })
    await sleep(seconds * 1000)
    Object.assign(front, { rates: {}, slowness })
    const states = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.otherLibrary.signedIn())))
    if (!states.includes(true)) scope.counts.lost++
    example(scope, `${states.filter(Boolean).length} of ${tabs.length} tabs are still signed in`)
  } finally {
    await browser.close()
  }
  return { run: 'control', scope: name, counts: scope.counts, countsHandles: false }
}
