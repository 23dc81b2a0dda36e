import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
// @ts-expect-error a script without types
import { withRelativeLinks } from '../../scripts/repository.mjs'

export const root = join(import.meta.dirname, '../..')

/** A code block of a page, with the words after the language in its opening line: its runtime and its credential. */
export interface Block {
  /** Page and line, as an editor opens them. */
  readonly at: string
  readonly language: string
  /** The runtime: `node`, `page`, `worker`; `undefined` for a block that is not run. */
  readonly place: string | undefined
  /** The ready-made credential that the environment names. */
  readonly as: string | undefined
  /** Other words of the opening line. */
  readonly words: readonly string[]
  readonly code: string
}

const papers = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'AGENTS.md', 'skills/imskit/SKILL.md']

/** Every page that is written by hand, README first. */
export const pages: readonly string[] = [
  ...papers,
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
]

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The text of `page`; the links of README are relative, as those of the other pages. */
export function textOf(page: string): string {
  return withRelativeLinks(readFileSync(join(root, page), 'utf8'), manifest)
}

/** The fenced blocks of `page`, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: { readonly info: string; readonly line: number; readonly code: string[] } | undefined
  for (const [index, line] of textOf(page).split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) open?.code.push(line)
    else if (open === undefined) open = { info: fence[1] ?? '', line: index + 1, code: [] }
    else {
      const [language = '', place, ...words] = open.info.split(/\s+/)
      const as = words.find((word) => word.startsWith('as='))?.slice(3)
      blocks.push({ at: `${page}:${open.line}`, language, place, as, words, code: open.code.join('\n') })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block is never closed`)
  return blocks
}

export const blocks: readonly Block[] = pages.flatMap(blocksOf)

export function blocksIn(place: string): Block[] {
  return blocks.filter((block) => block.place === place)
}

/** A first program for newcomers, in README or a quickstart. `places-*.test.ts` run it, also with failures. */
export const isForNewcomers = ({ words }: Block): boolean => words.includes('place') || words.includes('quickstart')

/** The code of a block; that of `@adobe/aio-lib-ims` as `imskit migrate` leaves it. */
export const migrated = ({ place, code }: Block): string =>
  place === 'before' ? code.replace('@adobe/aio-lib-ims', 'imskit') : code
