import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

export const root = join(import.meta.dirname, '../..')

/** A TypeScript file with its syntax tree. */
export interface SourceText {
  /** Path from the root of the project, or any name for a sample. */
  readonly file: string
  readonly text: string
  readonly tree: ts.SourceFile
}

export function parse(file: string, text: string): SourceText {
  return { file, text, tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) }
}

/** The paths of the files below `folder` that `wanted` accepts, in order. */
export function filesIn(folder: string, wanted: (file: string) => boolean): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter(wanted)
    .sort()
}

export const readText = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Every source file of the library, parsed. */
export function librarySources(): SourceText[] {
  return filesIn('src', (file) => file.endsWith('.ts') && !file.endsWith('.d.ts')).map((file) =>
    parse(file, readText(file)),
  )
}

/** Lines of `text`, without empty ones at its end. */
export const linesOf = (text: string): number => text.trimEnd().split('\n').length

/** Calls `look` for every node of the tree. */
export function eachNode(tree: ts.Node, look: (node: ts.Node) => void): void {
  const visit = (node: ts.Node): void => {
    look(node)
    ts.forEachChild(node, visit)
  }
  visit(tree)
}
