/** An expression that texts of the project do not use. */
export interface Refused {
  /** As the glossary has it. */
  readonly expression: string
  readonly pattern: RegExp
  readonly instead: string
}

const escapeText = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** `/…/i` as it is; any other text as whole words, in upper and lower case, across line breaks. */
function patternOf(expression: string): RegExp {
  const [, source, flags] = /^\/(.*)\/(\w*)$/.exec(expression) ?? []
  if (source !== undefined) return new RegExp(source, `g${flags}`)
  const words = expression.split(/\s+/).map(escapeText)
  return new RegExp(`(?<![\\w-])${words.join('\\s+')}(?![\\w-])`, 'gi')
}

/** The table below `## Refused expressions`: an expression in backticks, then what to write instead. */
export function refusedExpressions(glossary: string): Refused[] {
  const [, table = ''] = glossary.split(/^## Refused expressions$/m)
  return [...table.matchAll(/^\| `((?:[^`\n])+)` \| (.+) \|$/gm)].map(([, cell = '', instead = '']) => {
    const expression = cell.replaceAll('\\|', '|')
    return { expression, pattern: patternOf(expression), instead }
  })
}

/** The glossary without the table of refused expressions. */
export const withoutTable = (glossary: string): string => glossary.split(/^## Refused expressions$/m)[0] ?? ''

/** The refused expressions in `text`, with the row that refuses each. */
export function findRefused(text: string, refused: readonly Refused[]): { found: string; instead: string }[] {
  return refused.flatMap(({ pattern, instead }) => [...text.matchAll(pattern)].map(([found]) => ({ found, instead })))
}

/** How often `text` has a condition that says "where", and one that says "if" or "when". */
export function conditionsIn(text: string): { readonly where: number; readonly ifWhen: number } {
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0
  return { where: count(/\bwhere\b/gi), ifWhen: count(/\b(?:if|when)\b/gi) }
}
