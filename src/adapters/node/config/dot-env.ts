/**
 * The variables of a `.env` file, parsed like the package `dotenv` does. `dotenv` takes cubic time for some files with
 * blanks and quotes, and a repository may contain such a file; this parser takes linear time.
 */
export function parseDotEnv(source: string): Record<string, string> {
  const text = source.replace(/\r\n?/g, '\n')
  const found = new Map<string, string>()
  let at = afterBlanks(text, 0)
  while (at < text.length) {
    const variable = variableAt(text, at)
    if (variable !== undefined) found.set(variable.name, variable.value)
    const end = text.indexOf('\n', variable?.end ?? at)
    at = end < 0 ? text.length : afterBlanks(text, end)
  }
  found.delete('__proto__')
  return Object.fromEntries(found)
}

interface Variable {
  readonly name: string
  readonly value: string
  /** Index after the value. */
  readonly end: number
}

function variableAt(text: string, at: number): Variable | undefined {
  const naming = /(?:export\s+)?([\w.-]+)/y
  naming.lastIndex = at
  const name = naming.exec(text)?.[1]
  if (name === undefined) return undefined
  const behind = naming.lastIndex
  const equals = afterBlanks(text, behind)
  const colon = text[behind] === ':' && /\s/.test(text[behind + 1] ?? '')
  if (text[equals] !== '=' && !colon) return undefined
  const start = text[equals] === '=' ? equals + 1 : behind + 2
  return { name, ...(quotedValue(text, start) ?? plainValue(text, start)) }
}

/** The value up to a comment or the end of the line. */
function plainValue(text: string, start: number): Omit<Variable, 'name'> {
  const rest = /[^#\n]*/y
  rest.lastIndex = start
  const plain = rest.exec(text)?.[0].trim() ?? ''
  return { value: withoutQuotes(plain), end: rest.lastIndex }
}

function quotedValue(text: string, start: number): Omit<Variable, 'name'> | undefined {
  const open = afterBlanks(text, start)
  const quote = text[open] ?? ''
  if (quote === '' || !'\'"`'.includes(quote)) return undefined
  // an escaped quote closes the value only if there is no other closing quote
  const ends: number[] = []
  for (let at = text.indexOf(quote, open + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    ends.push(at)
    if (text[at - 1] !== '\\') break
  }
  const close = ends.reverse().find((at) => endsLine(text, at + 1))
  if (close === undefined) return undefined
  return { value: withoutQuotes(text.slice(open, close + 1)), end: close + 1 }
}

function withoutQuotes(value: string): string {
  const bare = value.replace(/^(['"`])([\s\S]*)\1$/, '$2')
  return value.startsWith('"') ? bare.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : bare
}

function afterBlanks(text: string, at: number): number {
  const blanks = /\s*/y
  blanks.lastIndex = at
  blanks.test(text)
  return blanks.lastIndex
}

/** Whether the rest of the line contains only blanks and a comment. */
function endsLine(text: string, at: number): boolean {
  const rest = /[^\S\n]*(?:[#\n]|$)/y
  rest.lastIndex = at
  return rest.test(text)
}
