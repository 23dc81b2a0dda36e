import { describe, expect, test } from 'vitest'
import { byFile, expectWithinDebt } from './debt.ts'
import { conditionsIn, findRefused, refusedExpressions, withoutTable } from './glossary.ts'
import { commentsOf, markdownProse, type Prose, sentencesOf, titlesOf } from './prose.ts'
import { filesIn, librarySources, parse, readText } from './sources.ts'

const debtFile = 'test/house/language-debt.json'
const glossaryFile = 'docs/glossary.md'
const refused = refusedExpressions(readText(glossaryFile))

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'AGENTS.md', 'skills/imskit/SKILL.md'],
  ...filesIn('docs', (file) => file.endsWith('.md')),
]
const textOf = (page: string) => (page === glossaryFile ? withoutTable(readText(page)) : readText(page))
const sources = librarySources().map((source) => ({
  file: source.file,
  prose: [...commentsOf(source), ...sentencesOf(source)],
}))

const report = (file: string, prose: readonly Prose[]) =>
  prose.flatMap(({ line, text }) =>
    findRefused(text, refused).map(
      ({ found, instead }) => [file, `line ${line}: "${found}"; write: ${instead}`] as const,
    ),
  )

describe('the glossary', () => {
  test('refuses at least 60 expressions, each once, each with what to write instead', () => {
    expect(refused.length).toBeGreaterThanOrEqual(60)
    expect(new Set(refused.map(({ expression }) => expression)).size).toBe(refused.length)
    expect(refused.filter(({ instead }) => instead.trim() === '')).toEqual([])
  })

  test('has a row for every line of its table', () => {
    const [, table = ''] = readText(glossaryFile).split(/^## Refused expressions$/m)
    expect(table.match(/^\| (?!refused|-)/gm)).toHaveLength(refused.length)
  })

  test('does not refuse what it tells to write', () => {
    const contradictions = refused.filter(({ instead }) => findRefused(instead.replace(/`[^`]*`/g, ''), refused).length)
    expect(contradictions.map(({ instead }) => instead)).toEqual([])
  })

  test('defines each term once, with a source', () => {
    const rows = [...withoutTable(readText(glossaryFile)).matchAll(/^\| (?!term|-)([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
    expect(rows.length).toBeGreaterThan(50)
    expect(new Set(rows.map(([, term]) => term)).size).toBe(rows.length)
  })
})

describe('the search', () => {
  const search = (text: string) => findRefused(text, refused).map(({ found }) => found)

  test.each([
    ['Sends the person to IMS', ['person']],
    ['Whoever\n * lost the lock', ['Whoever']],
    ['a time that is no number', ['is no ']],
    ['the bearer token is still good', ['is still good']],
    ['ends the access token', ['ends the access token']],
    ['is shared with the old  library', ['the old  library']],
    ['Loaded late, with the first login', ['Loaded late']],
    ['one value that can be had', ['can be had']],
  ])('finds what is refused in %j', (text, found) => {
    expect(search(text)).toEqual(found)
  })

  test.each([
    'There is no lock, and it is no longer valid.',
    'is no larger than before',
    'personal settings of a user',
    'no one-time code',
    'a line that says BEGIN',
    'a valid token expires; a user signs in',
  ])('accepts %j', (text) => {
    expect(search(text)).toEqual([])
  })

  test('reads docstrings, comments, messages and templates of a file, and no code', () => {
    const source = parse(
      'sample.ts',
      [
        '/** Asks the person.\n * @example\n * const person = nobody // lent\n */',
        'export function person(nobody: string) {',
        '  // whoever reads this',
        '  // is told twice',
        '  if (nobody) return new Error(`The $' + '{nobody} is lent to nobody. Do nothing.`)',
        "  return 'seal' // the old library",
        '}',
      ].join('\n'),
    )
    expect(commentsOf(source)).toEqual([
      { line: 1, text: 'Asks the person.' },
      { line: 6, text: 'whoever reads this is told twice' },
      { line: 9, text: 'the old library' },
    ])
    expect(sentencesOf(source)).toEqual([{ line: 8, text: 'The … is lent to nobody. Do nothing.' }])
  })

  test('reads the titles of tests, also of tables of cases', () => {
    const source = parse(
      'sample.test.ts',
      "describe('a person', () => {\n  test.each([1])('nobody %s', { timeout: 1 }, () => log('lent'))\n})\n",
    )
    expect(titlesOf(source).map(({ text }) => text)).toEqual(['a person', 'nobody %s'])
  })

  test('reads the prose of a page, and neither its code nor its links', () => {
    const page =
      '# A person\n\nTokens are\nlent `nobody` [here](whoever.md).\n\n```js\nnobody()\n```\n\n- seal\n- mend\n'
    expect(markdownProse(page).map(({ text }) => text)).toEqual([
      '# A person',
      'Tokens are lent `…` [here].',
      '- seal',
      '- mend',
    ])
  })

  test('counts conditions', () => {
    expect(conditionsIn('Where it fails, or if it waits; when and where.')).toEqual({ where: 2, ifWhen: 2 })
  })
})

describe('the language', () => {
  test('of the sources has no refused expression', () => {
    const found = sources.flatMap(({ file, prose }) => report(file, prose))
    expectWithinDebt(debtFile, 'expressions in sources', byFile(found))
  })

  test('of the pages has no refused expression', () => {
    const found = pages.flatMap((page) => report(page, markdownProse(textOf(page))))
    expectWithinDebt(debtFile, 'expressions in pages', byFile(found))
  })

  test('of the titles of tests has no refused expression', () => {
    const tests = filesIn('test', (file) => /\.test\.tsx?$/.test(file) && !file.includes('/fixtures/'))
    const found = tests.flatMap((file) => report(file, titlesOf(parse(file, readText(file)))))
    expectWithinDebt(debtFile, 'expressions in titles of tests', byFile(found))
  })

  /** One finding for each "where" above one eighth of "if" and "when". */
  const tooManyWhere = (name: string, prose: readonly Prose[]) => {
    const { where, ifWhen } = conditionsIn(prose.map(({ text }) => text).join('\n'))
    const over = Math.max(0, where - Math.floor(ifWhen / 8))
    return byFile(Array.from({ length: over }, () => [name, `${where} "where", ${ifWhen} "if" or "when"`] as const))
  }

  test('of docstrings and messages uses "if" and "when" for conditions: at most one "where" to eight of them', () => {
    const prose = sources.flatMap((source) => source.prose)
    expectWithinDebt(debtFile, 'too many "where" in sources', tooManyWhere('src', prose))
  })

  test('of pages uses "if" and "when" for conditions as well', () => {
    const prose = pages.flatMap((page) => markdownProse(textOf(page)))
    expectWithinDebt(debtFile, 'too many "where" in pages', tooManyWhere('docs', prose))
  })
})
