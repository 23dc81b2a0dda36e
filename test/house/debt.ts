import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { readText, root } from './sources.ts'

/** What a rule finds: for each file its violations, described so that a reader can fix them. */
export type Findings = ReadonlyMap<string, readonly string[]>

type Counts = Readonly<Record<string, number>>
type Debts = Readonly<Record<string, Counts>>

const readDebts = (file: string): Debts => JSON.parse(readText(file)) as Debts
const sumOf = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** Groups findings by file. */
export function byFile(found: Iterable<readonly [file: string, what: string]>): Findings {
  const findings = new Map<string, string[]>()
  for (const [file, what] of found) findings.set(file, [...(findings.get(file) ?? []), what])
  return findings
}

export function countsOf(findings: Findings): Counts {
  const counts = [...findings].map(([file, what]) => [file, what.length] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** The files that have more violations than `allowed`, and the entries of `allowed` that are too high by now. */
export function compareDebt(findings: Findings, allowed: Counts) {
  const counts = countsOf(findings)
  const more = [...findings].filter(([file, what]) => what.length > (allowed[file] ?? 0))
  const slack = Object.entries(allowed).filter(([file, count]) => count > (counts[file] ?? 0))
  return {
    more: more.map(([file, what]) => ({ file, allowed: allowed[file] ?? 0, found: [...new Set(what)] })),
    slack: slack.map(([file, count]) => `${file}: ${count} allowed, ${counts[file] ?? 0} found`),
  }
}

/** @throws if the sum of the debts of a rule would grow: a table of debts may only shrink */
export function shrink(rule: string, allowed: Counts | undefined, findings: Findings): Counts {
  const counts = countsOf(findings)
  if (allowed !== undefined && sumOf(counts) > sumOf(allowed)) {
    throw new Error(`${rule}: ${sumOf(counts)} violations, ${sumOf(allowed)} allowed. Fix the new ones first.`)
  }
  return counts
}

/**
 * Fails if a file has more violations of `rule` than the table of debts allows, or if the table allows more than there
 * are. `npm run house` writes the table again, if the number of violations did not grow; `HOUSE_DEBT=list` prints every
 * violation.
 */
export function expectWithinDebt(debtFile: string, rule: string, findings: Findings): void {
  const debts = readDebts(debtFile)
  if (process.env.HOUSE_DEBT === 'write') {
    const next = { ...debts, [rule]: shrink(rule, debts[rule], findings) }
    writeFileSync(join(root, debtFile), `${JSON.stringify(next, null, 2)}\n`)
    return
  }
  if (process.env.HOUSE_DEBT === 'list') {
    for (const [file, all] of findings) for (const what of all) console.log(`${file}: ${what}`)
  }
  const { more, slack } = compareDebt(findings, debts[rule] ?? {})
  expect(more, `${rule}: more violations than ${debtFile} allows`).toEqual([])
  expect(slack, `${rule}: ${debtFile} allows more than there are; run npm run house`).toEqual([])
}
