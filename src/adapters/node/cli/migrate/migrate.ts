import { realpathSync, statSync } from 'node:fs'
import { printable } from '../../printable.ts'
import { type Run, UsageError } from '../command.ts'
import { colored, printResult } from '../output.ts'
import type { MigrationFinding } from './finding.ts'
import { type MigrationOutcome, migrateProject } from './project.ts'

declare const __VERSION__: string

/** `imskit migrate`. */
export const migrate: Run = async ({ args, values }) => {
  const folder = folderOf(args[0] ?? '.')
  const write = values.write === true
  const outcome = await migrateProject(folder, { write, version: __VERSION__ })
  const exitCode = write && outcome.leftAlone.length > 0 ? 1 : 0
  printResult({ folder, written: write, ...outcome, exitCode }, values.json, () => report(outcome, write))
  return exitCode
}

function folderOf(name: string): string {
  // the message does not repeat the argument, which may be a secret in the wrong position
  if (!statSync(name, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError('the folder does not exist; pass the folder of a project')
  return realpathSync(name)
}

function report(outcome: MigrationOutcome, write: boolean): string {
  const { changed, findings, leftAlone, skipped } = outcome
  const blocks = [
    changed.map(({ file, edits }) => `${heading(file)}\n${edits.map(editLine).join('\n')}`).join('\n'),
    section('To do by hand', byFile(findings)),
    section(
      'Left alone',
      leftAlone.map(({ file, reason }) => `${printable(file || '.')}: ${printable(reason)}`),
    ),
    skipped.length > 0 ? colored('dim', `Skipped: ${skipped.map(printable).join(', ')}`) : '',
    summary(outcome, write),
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

const heading = (file: string) => colored('bold', printable(file))

const editLine = ({ line, from, to }: { line: number; from: string; to: string }) =>
  to === '' ? `  ${line}  ${printable(from)} removed` : `  ${line}  ${printable(from)} -> ${printable(to)}`

const section = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? '' : `${colored('bold', `${title}:`)}\n${lines.join('\n')}`

function byFile(findings: readonly MigrationFinding[]): string[] {
  return findings.flatMap(({ file, line, column, level, todo, see }, index) => {
    const shown = level === 'change' ? colored('yellow', 'change') : 'check '
    const entry = `  ${line}:${column}  ${shown}  ${printable(todo)} (${see.map(printable).join(', ')})`
    return findings[index - 1]?.file === file ? [entry] : [heading(file), entry]
  })
}

const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`

function summary({ changed, findings }: MigrationOutcome, write: boolean): string {
  const left = findings.length === 0 ? '' : ` ${count(findings.length, 'place')} to look at by hand.`
  if (changed.length === 0) return `Nothing to rewrite.${left}`
  const manifests = changed.some(({ file }) => file.endsWith('package.json'))
  if (!write)
    return `${count(changed.length, 'file')} would change, nothing was written.${left} Run with --write to apply the changes.`
  const next = manifests ? ' Run npm install to update the lockfile.' : ''
  return `${count(changed.length, 'file')} changed.${left}${next}`
}
