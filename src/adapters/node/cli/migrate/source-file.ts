import { bindingsOf } from './bindings.ts'
import { differencesIn } from './differences.ts'
import { type FindingInFile, sections, toChange, toCheck } from './finding.ts'
import { imslibIn } from './imslib.ts'
import { namesOldPackage } from './old-names.ts'
import { otherLibrariesIn } from './other-libraries.ts'
import { type Edit, specifiersIn } from './specifiers.ts'
import { parseSource, placesIn } from './syntax.ts'
import { loadsDotEnv, readVariables } from './variables.ts'

/** The result for one file of JavaScript or TypeScript. */
export interface Examined {
  readonly edits: readonly Edit[]
  readonly findings: readonly FindingInFile[]
  /** Reads of variables that `@adobe/aio-lib-ims` copied from `.env` to `process.env`. */
  readonly variables: readonly FindingInFile[]
  readonly usesIms: boolean
  readonly loadsDotEnv: boolean
}

/**
 * Examines one file. `copied` are the names of variables in `.env`.
 * @throws SyntaxError
 */
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
    ...imslibIn(places),
  ]
  return {
    edits,
    findings: found,
    variables: [...readVariables(places, copied)],
    usesIms,
    loadsDotEnv: loadsDotEnv(places),
  }
}

/** Types in comments of JavaScript: `@type {import('…').Ims}`. */
function* typesInComments(
  comments: readonly { value: string; loc?: { start: { line: number } } | null }[],
): Generator<FindingInFile> {
  for (const { value, loc } of comments)
    for (const [index, line] of value.split(/\r\n|[\n\r\u2028\u2029]/).entries())
      if (/\{[^}]*\bimport\(|<reference\s|@import\b/.test(line) && namesOldPackage(line))
        yield toChange(
          (loc?.start.line ?? 1) + index,
          'a type in a comment names a replaced package: write imskit',
          sections.ims,
        )
}

const others = /@adobe\/(?:aio-lib-ims(?:-jwt|-oauth)?|aio-lib-core-auth|jwt-auth|auth-token)(?![\w-])/

const ofImslib = /\badobeIMS\s*[.?[]|\badobeid\s*=|\/imslib(?:\.min)?\.js\b/

/** Lines that name a replaced package or use imslib, for files that are not parsed. */
export function* linesNaming(text: string): Generator<FindingInFile> {
  for (const [index, line] of text.split(/\r\n|[\n\r]/).entries()) {
    if (others.test(line))
      yield toCheck(
        index + 1,
        'files of this kind are not rewritten: replace the name of the package by hand',
        sections.ims,
      )
    if (ofImslib.test(line))
      yield toChange(index + 1, "replace imslib by createClient of 'imskit/browser'", sections.imslib)
  }
}
