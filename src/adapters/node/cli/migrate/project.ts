import { join } from 'node:path'
import { isImsError } from '../../../../core/errors.ts'
import { writeFileAtomic } from '../../files/write-file.ts'
import type { Finding, Found } from './finding.ts'
import { isManifest, isProgram, type LeftAlone, readIfThere, type SourceFile, visit } from './folder.ts'
import { manifestIn } from './manifest.ts'
import { words } from './old-names.ts'
import { examine, linesNaming } from './source-file.ts'
import type { Edit } from './specifiers.ts'
import { copiedVariables, refusedVariables, variablesIn } from './variables.ts'

/** A file that was changed, or would be. */
export interface Changed {
  readonly file: string
  readonly edits: readonly Pick<Edit, 'line' | 'from' | 'to'>[]
}

export interface Outcome {
  readonly changed: readonly Changed[]
  readonly findings: readonly Finding[]
  readonly leftAlone: readonly LeftAlone[]
  readonly skipped: readonly string[]
}

export interface Options {
  readonly write: boolean
  /** The version of imskit that manifests get. */
  readonly version: string
}

/** What is learned about the project while its files are read. */
interface Notes {
  readonly variables: Finding[]
  usesIms: boolean
  loadsDotEnv: boolean
}

/** Looks at every file of a project, and writes those that change if it is told to. */
export async function migrateProject(folder: string, { write, version }: Options): Promise<Outcome> {
  const { files, leftAlone, skipped } = visit(folder)
  const unable: LeftAlone[] = []
  const changed: Changed[] = []
  const findings: Finding[] = []
  const notes: Notes = { variables: [], usesIms: false, loadsDotEnv: false }
  const dotEnv = variablesIn(readIfThere(join(folder, '.env')) ?? '')
  const copied = copiedVariables(dotEnv)
  const wanted = [...words, ...copied, ...(copied.length > 0 ? ['dotenv', '--env-file'] : [])]
  for (const source of files) {
    const { file, bytes } = source
    if (!wanted.some((word) => bytes.includes(word))) continue
    try {
      const text = decode(bytes)
      const { edits, found } = look({ text, file, version, copied, notes })
      findings.push(...found.map((each) => ({ file, ...each })))
      if (edits.length === 0) continue
      if (write) await replace(source, apply(text, edits))
      changed.push({ file, edits: edits.map(({ line, from, to }) => ({ line, from, to })) })
    } catch (error) {
      unable.push({ file, reason: reasonOf(error) })
    }
  }
  if (notes.usesIms) {
    findings.push(...[...refusedVariables(dotEnv)].map((each) => ({ file: '.env', ...each })))
    if (!notes.loadsDotEnv) findings.push(...notes.variables)
  }
  return { changed, findings: inOrder(findings), leftAlone: [...leftAlone, ...unable], skipped }
}

interface Looked {
  readonly text: string
  readonly file: string
  readonly version: string
  readonly copied: readonly string[]
  readonly notes: Notes
}

function look({ text, file, version, copied, notes }: Looked): { edits: readonly Edit[]; found: readonly Found[] } {
  // an offset counts characters, and a mark at the start of the file is one
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

/** A reason why a file is left alone, for the user. */
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
  if (written === undefined) throw new Refusal('was changed by another program meanwhile; run the command again')
}

function reasonOf(error: unknown): string {
  if (error instanceof Refusal || isImsError(error)) return error.message
  if (error instanceof SyntaxError) return `cannot be parsed: ${error.message}`
  // a program that nests deeper than the parser can follow
  if (error instanceof RangeError) return 'cannot be parsed: it nests too deeply'
  throw error
}

function inOrder(findings: readonly Finding[]): Finding[] {
  const byFile = (one: Finding, other: Finding) => (one.file < other.file ? -1 : one.file > other.file ? 1 : 0)
  return [...findings].sort((one, other) => byFile(one, other) || one.line - other.line || one.column - other.column)
}
