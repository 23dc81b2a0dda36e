import { bindingsOf } from './bindings.ts'
import { differencesIn } from './differences.ts'
import { type Found, ofLine, sections } from './finding.ts'
import { namesOldPackage } from './old-names.ts'
import { otherLibrariesIn } from './other-libraries.ts'
import { type Edit, specifiersIn } from './specifiers.ts'
import { parseSource, placesIn } from './syntax.ts'
import { loadsDotEnv, readVariables } from './variables.ts'

/** What is in one file of JavaScript or TypeScript. */
export interface Examined {
  readonly edits: readonly Edit[]
  readonly findings: readonly Found[]
  /** Reads of variables that the old library took from `.env`. */
  readonly variables: readonly Found[]
  readonly usesIms: boolean
  readonly loadsDotEnv: boolean
}

/** @throws SyntaxError */
export function examine(text: string, file: string, copied: readonly string[]): Examined {
  const tree = parseSource(text, file)
  const places = [...placesIn(tree.program)]
  const bindings = bindingsOf(places)
  const { edits, findings } = specifiersIn(places, bindings.requires)
  const usesIms = ['ims', 'context', 'plug-in'].some((each) => bindings.libraries.has(each as 'ims'))
  const found = [
    ...findings,
    ...typesInComments(tree.comments ?? []),
    ...(usesIms ? differencesIn(places, bindings) : []),
    ...otherLibrariesIn(places, bindings),
  ]
  return {
    edits,
    findings: found,
    variables: [...readVariables(places, copied)],
    usesIms,
    loadsDotEnv: loadsDotEnv(places),
  }
}

/** Types in comments, as plain JavaScript has them: `@type {import('…').Ims}`. */
function* typesInComments(
  comments: readonly { value: string; loc?: { start: { line: number } } | null }[],
): Generator<Found> {
  for (const { value, loc } of comments)
    for (const [index, line] of value.split(/\r\n|[\n\r\u2028\u2029]/).entries())
      if (/\{[^}]*\bimport\(|<reference\s|@import\b/.test(line) && namesOldPackage(line))
        yield ofLine(
          (loc?.start.line ?? 1) + index,
          'change',
          'a type in a comment names the old package: replace it by imskit',
          {
            section: sections.ims,
          },
        )
}

const others = /@adobe\/(?:aio-lib-ims(?:-jwt|-oauth)?|aio-lib-core-auth|jwt-auth)(?![\w-])/

/** Lines of a file that is not parsed which name a package to be replaced. */
export function* linesNaming(text: string): Generator<Found> {
  for (const [index, line] of text.split(/\r\n|[\n\r]/).entries())
    if (others.test(line))
      yield ofLine(
        index + 1,
        'check',
        'files of this kind are not rewritten: replace the name of the package by hand',
        {
          section: sections.ims,
        },
      )
}
