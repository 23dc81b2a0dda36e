import fc from 'fast-check'
import { epoch } from './clock.ts'
import type { Counts } from './history.ts'
import { type Plan, plans } from './plan.ts'
import { tameCrypto } from './random.ts'
import { run } from './run.ts'
import { warmUp } from './warm-up.ts'

/** A run that shows a fault, as small as it could be made. */
export interface Failure {
  readonly seed: number
  readonly path: string
  readonly plan: Plan
  readonly violations: readonly string[]
  readonly history: readonly string[]
}

export interface CheckOptions {
  readonly seed: number
  readonly runs: number
  /** Of an earlier failure: only that run. */
  readonly path?: string | undefined
  readonly counts?: Counts
}

/** Runs the model `runs` times. @returns the first fault, if there is one */
export async function check({ seed, runs, path, counts = new Map() }: CheckOptions): Promise<Failure | undefined> {
  await warmUp()
  const restore = tameCrypto()
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const faultsOf = async (plan: Plan, kept: boolean, counted: Counts) => {
      const { violations, history } = await run(plan, { kept, counts: counted })
      // rejections that nobody handles are reported between two turns of the event loop
      await new Promise((resolve) => setImmediate(resolve))
      const loose = unhandled.splice(0).map((reason) => `nobody handles the rejection ${String(reason)}`)
      return { violations: [...violations, ...loose], history }
    }
    const property = fc.asyncProperty(plans, async (plan) => {
      const { violations } = await faultsOf(plan, false, counts)
      if (violations.length > 0) throw new Error(violations[0])
    })
    const found = await fc.check(property, { seed, numRuns: runs, unbiased: true, ...(path !== undefined && { path }) })
    if (!found.failed) return undefined
    const [plan] = found.counterexample ?? []
    if (plan === undefined) throw found.errorInstance
    return { seed, path: found.counterexamplePath ?? '', plan, ...(await faultsOf(plan, true, new Map())) }
  } finally {
    process.off('unhandledRejection', note)
    restore()
  }
}

/** A fault for people: what was wrong, how it came to it, and how to see it again. */
export function explain({ seed, path, plan, violations, history }: Failure): string {
  const { setting, allowed, ...rest } = plan
  const shown = { ...rest, setting: setting.name, allowed: [...allowed].join(' ') }
  return [
    violations.join('\n'),
    '',
    `plan: ${JSON.stringify(shown)}`,
    `minutes:seconds from ${new Date(epoch).toISOString()}`,
    ...history,
    '',
    `Replay it: npm run model -- --seed ${seed} --path ${path}`,
  ].join('\n')
}
