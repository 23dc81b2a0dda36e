import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ControlSetting, otherLibrary, withoutLock } from './controls/controls.ts'
import { longestCall } from './judge/reports.ts'
import { createJudge } from './judge/state.ts'
import type { Part, Setting } from './parts/part.ts'
import { startProcesses } from './parts/processes.ts'
import { startTabs } from './parts/tabs.ts'
import { startWorkers } from './parts/workers.ts'
import { run } from './runs.ts'
import { type Front, startFront } from './server/front.ts'
import { providerEngine } from './server/provider.ts'
import { type Site, startSite } from './server/site.ts'
import { strictEngine } from './server/strict.ts'
import { printDetails, printTable, type Row, violations } from './table.ts'

/** seconds */
const lifetime = 5

interface Plan {
  /** Of each run. */
  readonly seconds: number
  readonly controlSeconds: number
  /** ms of the longest stop of a process, and freeze of a tab */
  readonly longestStop: number
  readonly short: boolean
  /** How long calls under way are waited for after a run: all of their documented time, if there is time for it. */
  readonly settleSeconds: number
  /** `a`: with faults that destroy answers; `b`: without. */
  readonly runs: readonly string[]
  /** Names of the parts; all if there is none. */
  readonly parts: readonly string[]
}

function planOf(args: readonly string[]): Plan {
  const short = args.includes('--short')
  const asked = Number(args.find((each) => /^\d+$/.test(each)) ?? 300)
  // what is left of a short one after starting and ending everything
  const seconds = short ? Math.max(5, (asked - 25) / 2) : asked / 2
  // longer than an attempt may take, if there is time for it
  const longestStop = short ? 3_000 : seconds < 100 ? 8_000 : 36_000
  const parts = args.filter((each) => /^[a-z]{2}/.test(each))
  const runs = args.filter((each) => each === 'a' || each === 'b')
  return {
    seconds,
    runs: runs.length > 0 ? runs : ['a', 'b'],
    controlSeconds: short ? 6 : 25,
    longestStop,
    short,
    settleSeconds: short ? 3 : longestCall / 1000 + 5,
    parts,
  }
}

interface Arena extends Setting {
  readonly site: Site
  readonly strict: Front
}

/** Runs the gauntlet, and resolves to whether every zero is zero and every control fails. */
export async function main(bundles: string, args: readonly string[]): Promise<boolean> {
  const plan = planOf(args)
  const scratch = mkdtempSync(join(tmpdir(), 'imskit-gauntlet-'))
  chmodSync(scratch, 0o755)
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  const judge = createJudge()
  const site = await startSite(bundles)
  const { origin } = site
  const strict = await startFront(judge, strictEngine({ lifetime }))
  const provider = await startFront(judge, await providerEngine({ lifetime, app: origin }))
  const arena: Arena = { judge, fronts: [strict, provider], bundles, scratch, origin, site, strict }
  const began = performance.now()
  const lap = (what: string) => {
    if (process.env.GAUNTLET_DEBUG) console.error(`${what}: ${Math.round(performance.now() - began)} ms`)
  }
  const controls = plan.parts.length > 0 ? [] : await runControls(arena, plan)
  lap('controls')
  const { rows, omitted } = await runParts(arena, plan)
  await strict.close()
  await provider.close()
  site.close()
  printTable([...rows, ...controls], omitted)
  printDetails([...rows, ...controls])
  return verdict(rows, controls)
}

async function runControls(arena: Arena, { short, controlSeconds }: Plan): Promise<Row[]> {
  const setting: ControlSetting = { ...arena, front: arena.strict, seconds: controlSeconds }
  const rows = [await withoutLock(setting)]
  if (short) return rows
  rows.push(await otherLibrary(setting, 'page-oidc'))
  rows.push(await otherLibrary(setting, 'page-auth0'))
  return rows
}

async function runParts(arena: Arena, plan: Plan): Promise<{ rows: Row[]; omitted: string[] }> {
  const { seconds, longestStop, settleSeconds } = plan
  const wanted = (name: string) => plan.parts.length === 0 || plan.parts.includes(name)
  // one after the other: all at once they keep each other from starting
  const parts: Part[] = []
  if (wanted('tabs')) parts.push(await startTabs(arena, { count: 8, longestFreeze: longestStop }))
  if (wanted('workers')) parts.push(await startWorkers(arena, { count: 3 }))
  if (wanted('processes')) parts.push(await startProcesses(arena, { count: 16, longestStop }))
  const crew = { ...arena, parts }
  const rows: Row[] = []
  for (const name of plan.runs) rows.push(...(await run(crew, { name, gentle: name === 'b', seconds, settleSeconds })))
  await Promise.all(parts.map((part) => part.end()))
  return { rows, omitted: parts.flatMap(({ omitted }) => omitted) }
}

function verdict(rows: readonly Row[], controls: readonly Row[]): boolean {
  const faults = rows.filter(({ counts }) => violations(counts) > 0)
  // nothing is excused if nothing was destroyed
  const excuses = rows.filter(({ run, counts }) => run === 'b' && counts.excused + counts.excusedSessions > 0)
  const blind = controls.filter(({ counts }) => violations(counts) === 0)
  // of both runs together: a short one may be over while a holder stands still
  const redeemed = new Set(rows.filter(({ counts }) => counts.redemptions > 0).map(({ scope }) => scope))
  const idle = rows.filter(({ scope }) => !redeemed.has(scope))
  const say = (list: readonly Row[], what: string) => {
    for (const { run, scope } of list) console.log(`FAILED: ${run}, ${scope}: ${what}.`)
  }
  say(faults, 'a number that has to be zero is not')
  say(excuses, 'something was excused, though no answer was destroyed')
  say(blind, 'this control has to fail, and did not')
  say(idle, 'nothing was redeemed, so the zeros say nothing')
  const passed = faults.length + excuses.length + blind.length + idle.length === 0
  if (passed) console.log('Every zero is zero, and every control failed.')
  return passed
}
