import { check, explain } from './check.ts'
import type { Counts } from './history.ts'

// one part of `npm run model`, in a process of its own

/** What a part reports. */
export interface Report {
  readonly failure: string | undefined
  readonly counts: [string, number][]
}

interface Part {
  readonly seed: number
  readonly runs: number
  readonly path?: string
}

process.on('message', async (part: Part) => {
  const counts: Counts = new Map()
  const failure = await check({ ...part, counts })
  const report: Report = { failure: failure && explain(failure), counts: [...counts] }
  process.send?.(report)
})
