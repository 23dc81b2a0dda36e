import type { Node } from '@babel/types'

/** Something that the user has to do. */
export interface MigrationFinding {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `change`: the code no longer works. `check`: it works, and behaves differently. */
  readonly level: 'change' | 'check'
  readonly todo: string
  /** The names of rows of the table of differences in `docs/migrating.md`. */
  readonly rows: readonly string[]
  /** Links into the documentation. */
  readonly see: readonly string[]
}

/** A finding within one file. The caller knows the file. */
export type FindingInFile = Omit<MigrationFinding, 'file'>

/** The part of `docs/migrating.md` that explains a finding. */
export type Reference = Pick<MigrationFinding, 'rows' | 'see'>

const link = (anchor: string) => `docs/migrating.md#${anchor}`
const section = (heading: string): Reference => ({ rows: [], see: [link(heading)] })

/** Rows of the table of differences. */
export const rows = (...names: string[]): Reference => ({ rows: names, see: names.map(link) })

/** Sections of the page. */
export const sections = {
  ims: section('from-adobeaio-lib-ims'),
  packages: section('packages-that-depend-on-adobeaio-lib-ims'),
  coreAuth: section('from-adobeaio-lib-core-auth'),
  jwtAuth: section('from-adobejwt-auth'),
  authToken: section('from-adobeauth-token'),
  jsonwebtoken: section('from-jsonwebtoken'),
  imslib: section('from-imslib-adobeims'),
} as const

/** A finding at a node or a line for code that no longer works. */
export function toChange(at: Node | number, todo: string, reference: Reference): FindingInFile {
  return { ...startOf(at), level: 'change', todo, ...reference }
}

/** A finding at a node or a line for code that works and behaves differently. */
export function toCheck(at: Node | number, todo: string, reference: Reference): FindingInFile {
  return { ...startOf(at), level: 'check', todo, ...reference }
}

function startOf(at: Node | number): { line: number; column: number } {
  if (typeof at === 'number') return { line: at, column: 1 }
  return { line: at.loc?.start.line ?? 1, column: (at.loc?.start.column ?? 0) + 1 }
}
