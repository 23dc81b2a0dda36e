import '../../ready-keys.ts'
import { chromium, firefox, webkit } from './browsers.ts'
import { bun, deno, nodes } from './processes.ts'
import { makeProject } from './project.ts'
import type { CaseResult, Outcome, Runtime } from './runtime.ts'
import { edgeRuntime, netlify } from './serverless.ts'
import { workerds } from './workerd.ts'

/** How many cases there are: a run with fewer has lost some. */
const known = 181

const groups: Readonly<Record<string, readonly Runtime[]>> = {
  node: nodes,
  deno: [deno],
  bun: [bun],
  workerd: workerds,
  edge: [edgeRuntime],
  netlify: [netlify],
  chromium: [chromium],
  firefox: [firefox],
  webkit: [webkit],
}

interface Row extends Partial<Outcome> {
  readonly name: string
  readonly seconds: string
  readonly failure?: string
}

async function runIn(runtime: Runtime, project: Awaited<ReturnType<typeof makeProject>>, root: string): Promise<Row> {
  const began = performance.now()
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
  try {
    const outcome = await runtime.run(project, root)
    return { name: runtime.name, seconds: seconds(), ...outcome }
  } catch (error) {
    return { name: runtime.name, seconds: seconds(), failure: String((error as Error)?.stack ?? error) }
  }
}

const of = (row: Row, status: CaseResult['status']) => (row.results ?? []).filter((each) => each.status === status)

/** Runs the suite in the runtimes named, all by default; resolves to whether everything is as it should be. */
export async function main(root: string, names: readonly string[]): Promise<boolean> {
  const wanted = (names.length > 0 ? names : Object.keys(groups)).flatMap((name) => {
    const group = groups[name]
    if (group === undefined) throw new Error(`no runtime ${name}; there are ${Object.keys(groups).join(', ')}`)
    return group
  })
  const project = await makeProject(root)
  const rows: Row[] = []
  const waiting = [...wanted]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      rows.push(await runIn(next, project, root))
    }
  }
  await Promise.all([worker(), worker()])
  project.remove()
  rows.sort((a, b) => order(wanted, a) - order(wanted, b))
  print(rows)
  return rows.every(isGood)
}

const order = (wanted: readonly Runtime[], row: Row) => wanted.findIndex(({ name }) => name === row.name)

const isGood = (row: Row) =>
  row.failure === undefined && of(row, 'failed').length === 0 && (row.results ?? []).length >= known

function print(rows: readonly Row[]): void {
  const head = ['runtime', 'version', 'passed', 'failed', 'skipped', 'seconds']
  const lines = rows.map((row) => [
    row.name,
    row.version ?? 'did not run',
    ...(['passed', 'failed', 'skipped'] as const).map((status) => String(of(row, status).length)),
    row.seconds,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)))
  const text = (line: readonly string[]) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  console.log([head, ...lines].map(text).join('\n'))
  for (const row of rows) {
    for (const [reason, count] of countReasons(row)) console.log(`${row.name} skipped ${count}: ${reason}`)
  }
  for (const row of rows) {
    if (row.failure !== undefined) console.log(`\n${row.name} did not run: ${row.failure}`)
    for (const { name, error } of of(row, 'failed')) console.log(`\n${row.name} FAILED ${name}\n  ${error}`)
    const { length } = row.results ?? []
    if (row.failure === undefined && length < known) console.log(`\n${row.name} ran ${length} cases of ${known}`)
  }
}

function countReasons(row: Row): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { reason = 'no reason' } of of(row, 'skipped')) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return counts
}
