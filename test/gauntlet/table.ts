import type { Counts } from './judge/state.ts'

/** One line of the table. */
export interface Row {
  readonly run: string
  readonly scope: string
  readonly counts: Counts
  /** Whether leaked handles can be seen. */
  readonly countsHandles: boolean
}

const columns: readonly (readonly [string, (counts: Counts, row: Row) => number | string])[] = [
  ['double redemptions', ({ doubles }) => doubles],
  ['excused (sessions)', ({ excused, excusedSessions }) => `${excused} (${excusedSessions})`],
  ['stopped before sending', ({ residual }) => residual],
  ['lost sessions', ({ lost }) => lost],
  ['lost writes', ({ lostWrites }) => lostWrites],
  ['torn reads', ({ torn }) => torn],
  ['secrets in output', ({ secrets }) => secrets],
  ['hung calls', ({ hung }) => hung],
  ['leaked handles', ({ leaked }, { countsHandles }) => (countsHandles ? leaked : '–')],
  ['redemptions', ({ redemptions }) => redemptions],
  ['calls', ({ calls }) => calls],
]

/** Everything that has to be zero in a run of imskit. */
export function violations({ doubles, lost, lostWrites, torn, secrets, hung, leaked }: Counts): number {
  return doubles + lost + lostWrites + torn + secrets + hung + leaked
}

export function printTable(rows: readonly Row[], omitted: readonly string[]): void {
  const head = ['run', 'clients', ...columns.map(([name]) => name)]
  const body = rows.map((row) => [row.run, row.scope, ...columns.map(([, of]) => `${of(row.counts, row)}`)])
  const widths = head.map((name, index) => Math.max(name.length, ...body.map((cells) => cells[index]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(' | ')} |`
  console.log(line(head))
  console.log(`| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  for (const cells of body) console.log(line(cells))
  for (const each of omitted) console.log(`Not tried here: ${each}.`)
}

/** What failed, and the first few violations of each row. */
export function printDetails(rows: readonly Row[]): void {
  for (const { run, scope, counts } of rows) {
    for (const [code, { times, text }] of counts.failures)
      console.log(`${run}, ${scope}: ${times} calls failed with ${code}, the last: ${text.slice(0, 200)}`)
    for (const text of counts.examples) console.log(`${run}, ${scope}: ${text}`)
  }
}
