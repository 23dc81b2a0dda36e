import { join } from 'node:path'
import { isImsError } from '../../../../core/errors.ts'
import { writeFileAtomic } from '../../files/write-file.ts'
import type { FindingInFile, MigrationFinding } from './finding.ts'
import { isManifest, isProgram, type LeftAlone, readIfThere, type SourceFile, visit } from './folder.ts'
import { manifestIn } from './manifest.ts'
import { words } from './old-names.ts'
import { examine, linesNaming } from './source-file.ts'
import type { Edit } from './specifiers.ts'
import { copiedVariables, ignoredVariables, variablesIn } from './variables.ts'

/** A file that was changed, or would be changed with `write`. */
export interface ChangedFile {
  readonly file: string
  readonly edits: readonly Pick<Edit, 'line' | 'from' | 'to'>[]
}

/** The result of the command. */
export interface MigrationOutcome {
  readonly changed: readonly ChangedFile[]
  readonly findings: readonly MigrationFinding[]
  readonly leftAlone: readonly LeftAlone[]
  readonly skipped: readonly string[]
}

export interface MigrationOptions {
  readonly write: boolean
  /** The version of imskit for `package.json` files. */
  readonly version: string
}

/** Facts about the project, collected from all files. */
interface Notes {
  readonly variables: MigrationFinding[]
  usesIms: boolean
  loadsDotEnv: boolean
}

/** Examines every file of a project, and writes the changed files if `write` is set. */
export async function migrateProject(folder: string, { write, version }: MigrationOptions): Promise<MigrationOutcome> {
  const { files, leftAlone, skipped } = visit(folder)
  const failed: LeftAlone[] = []
  const changed: ChangedFile[] = []
  const findings: MigrationFinding[] = []
  const notes: Notes = { variables: [], usesIms: false, loadsDotEnv: false }
  const dotEnv = variablesIn(readIfThere(join(folder, '.env')) ?? '')
  const copied = copiedVariables(dotEnv)
  const wanted = [...words, ...copied, ...(copied.length > 0 ? ['dotenv', '--env-file'] : [])]
  for (const source of files) {
    const { file, bytes } = source
    if (!wanted.some((word) => bytes.includes(word))) continue
    try {
      const text = decode(bytes)
      const { edits, found } = examineFile({ text, file, version, copied, notes })
      findings.push(...found.map((each) => ({ file, ...each })))
      if (edits.length === 0) continue
      if (write) await replace(source, apply(text, edits))
      changed.push({ file, edits: edits.map(({ line, from, to }) => ({ line, from, to })) })
    } catch (error) {
      failed.push({ file, reason: reasonOf(error) })
    }
  }
  if (notes.usesIms) {
    findings.push(...[...ignoredVariables(dotEnv)].map((each) => ({ file: '.env', ...each })))
    if (!notes.loadsDotEnv) findings.push(...notes.variables)
  }
  return { changed, findings: inOrder(findings), leftAlone: [...leftAlone, ...failed], skipped }
}

interface FileInput {
  readonly text: string
  readonly file: string
  readonly version: string
  readonly copied: readonly string[]
  readonly notes: Notes
}

function examineFile({ text, file, version, copied, notes }: FileInput): {
  edits: readonly Edit[]
  found: readonly FindingInFile[]
} {
  // offsets in the file count the byte order mark, which the parsers do not get
  const offset = text.startsWith('\uFEFF') ? 1 : 0
  const content = text.slice(offset)
  const moved = (edits: readonly Edit[]) =>
    edits.map((edit) => ({ ...edit, start: edit.start + offset, end: edit.end + offset }))
  if (isManifest(file)) {
    const { edits, findings } = manifestIn(content, version)
    notes.usesIms ||= edits.length > 0
    notes.loadsDotEnv ||= /--env-file|\bdotenv\b|\benv-cmd\b/.test(content)
    return { edits: moved(edits), found: findings }
  }
  if (!isProgram(file)) return { edits: [], found: [...linesNaming(content)] }
  const examined = examine(content, file, copied)
  notes.variables.push(...examined.variables.map((each) => ({ file, ...each })))
  notes.usesIms ||= examined.usesIms
  notes.loadsDotEnv ||= examined.loadsDotEnv
  return { edits: moved(examined.edits), found: examined.findings }
}

function apply(text: string, edits: readonly Edit[]): string {
  let result = ''
  let at = 0
  for (const { start, end, to } of [...edits].sort((one, other) => one.start - other.start)) {
    result += text.slice(at, start) + to
    at = end
  }
  return result + text.slice(at)
}

/** A file was left alone; the message is for the user. */
class Refusal extends Error {}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Refusal('is not UTF-8')
  }
}

async function replace({ path, stats }: SourceFile, content: string): Promise<void> {
  if ((stats.mode & 0o200) === 0) throw new Refusal('is read-only')
  const written = await writeFileAtomic(path, content, { replaces: stats })
  if (written === undefined) throw new Refusal('was changed by another program; run the command again')
}

function reasonOf(error: unknown): string {
  if (error instanceof Refusal || isImsError(error)) return error.message
  if (error instanceof SyntaxError) return `cannot be parsed: ${error.message}`
  // the parser is recursive, and the stack is limited
  if (error instanceof RangeError) return 'cannot be parsed: the code is nested too deeply'
  throw error
}

function inOrder(findings: readonly MigrationFinding[]): MigrationFinding[] {
  const byFile = (one: MigrationFinding, other: MigrationFinding) =>
    one.file < other.file ? -1 : one.file > other.file ? 1 : 0
  return [...findings].sort((one, other) => byFile(one, other) || one.line - other.line || one.column - other.column)
}
