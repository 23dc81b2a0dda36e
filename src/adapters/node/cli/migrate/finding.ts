import type { Node } from '@babel/types'

/** Something that the command leaves to the user. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `change`: the code does not work as it is. `check`: it works, and behaves differently. */
  readonly level: 'change' | 'check'
  readonly todo: string
  /** Rows of the table of differences, by their names. */
  readonly rows: readonly string[]
  /** Where the documentation has more. */
  readonly see: readonly string[]
}

/** A finding whose file is still to be said. */
export type Found = Omit<Finding, 'file'>

const page = 'docs/migrating.md'

/** A finding at a node that one or more rows of the table of differences are about. */
export function ofRows(node: Node, level: Finding['level'], todo: string, rows: readonly string[]): Found {
  return { ...startOf(node), level, todo, rows, see: rows.map((row) => `${page}#${row}`) }
}

/** A finding that a section of the page is about. */
export function ofSection(node: Node, level: Finding['level'], todo: string, section: string): Found {
  return { ...startOf(node), level, todo, rows: [], see: [`${page}#${section}`] }
}

/** A finding that has a line only. */
export function ofLine(line: number, level: Finding['level'], todo: string, where: Where): Found {
  const { rows = [], section } = where
  const see = section === undefined ? rows.map((row) => `${page}#${row}`) : [`${page}#${section}`]
  return { line, column: 1, level, todo, rows, see }
}

export interface Where {
  readonly rows?: readonly string[]
  readonly section?: string
}

/** Headings of the page. */
export const sections = {
  ims: 'from-adobeaio-lib-ims',
  packages: 'packages-that-depend-on-adobeaio-lib-ims',
  coreAuth: 'from-adobeaio-lib-core-auth',
  jsonwebtoken: 'from-jsonwebtoken',
} as const

function startOf({ loc }: Node): { line: number; column: number } {
  return { line: loc?.start.line ?? 1, column: (loc?.start.column ?? 0) + 1 }
}
