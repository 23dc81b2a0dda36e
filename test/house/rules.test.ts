import { describe, expect, test } from 'vitest'
import { byFile, compareDebt, expectWithinDebt, shrink } from './debt.ts'
import {
  casts,
  circles,
  doubledNames,
  exportedNames,
  type Finding,
  longFiles,
  longFunctions,
  lostTests,
  manyParameters,
} from './measures.ts'
import { filesIn, librarySources, parse, readText } from './sources.ts'

const debtFile = 'test/house/debt.json'

/** Names that several files export on purpose, and why. */
const overrides: Readonly<Record<string, string>> = {
  Ims: 'each runtime has its own defaults and fetch',
  ValidationCache: 'Node has a synchronous digest, a worker shares no promise across requests',
  authorizationCode: 'the one for browsers takes no secret',
  context: 'of the default client of each entry',
  createIms: 'the contexts of a platform, the plug-in for Vue, and the store for Svelte',
  getToken: 'of the default client of each entry',
  invalidateToken: 'of the default client of each entry',
  signAssertion: 'Node has a synchronous digest',
  useIms: 'React and Vue, each by its own rules',
}

/** Tests of what several source files do together, and what that is. */
const topics = Object.keys(JSON.parse(readText('test/house/topics.json')) as Record<string, string>)

const sources = librarySources()
const tests = filesIn('test', (file) => /\.tsx?$/.test(file) && !file.includes('/fixtures/'))

/** The rules, each with its limit and what it finds today. */
const rules: readonly (readonly [rule: string, find: () => Finding[]])[] = [
  ['a source file has at most 250 lines', () => longFiles(sources, 250)],
  ['a function has at most 60 lines', () => longFunctions(sources, 60)],
  ['a function has at most 3 positional parameters', () => manyParameters(sources, 3)],
  ['no types are switched off by a cast', () => casts(sources)],
  ['an exported name has one declaration', () => doubledNames(sources, overrides)],
  ['no circle of imports, not even of types', () => circles(sources)],
  [
    'a test file has at most 400 lines',
    () =>
      longFiles(
        tests.map((file) => ({ file, text: readText(file) })),
        400,
      ),
  ],
  [
    'a unit test is found by the name of its source file',
    () =>
      lostTests(
        tests.filter((file) => /\.test\.tsx?$/.test(file)),
        sources.map(({ file }) => file),
        topics,
      ),
  ],
]

describe('the rules of the project', () => {
  test.each(rules)('%s', (rule, find) => {
    expectWithinDebt(debtFile, rule, byFile(find()))
  })

  test('every override is one', () => {
    const single = Object.keys(overrides).filter(
      (name) => sources.filter((source) => exportedNames(source).includes(name)).length < 2,
    )
    expect(single).toEqual([])
  })

  test('every topic has a test that no source file leads to', () => {
    const lost = lostTests(
      topics,
      sources.map(({ file }) => file),
      [],
    ).map(([file]) => file)
    expect(topics.filter((topic) => !tests.includes(topic) || !lost.includes(topic))).toEqual([])
  })
})

describe('the rules find a violation', () => {
  const sample = (text: string, file = 'src/sample.ts') => [parse(file, text)]
  const whatOf = (findings: readonly Finding[]) => findings.map(([, what]) => what)

  test('in a long file', () => {
    expect(longFiles(sample('a\nb\nc\n'), 2)).toEqual([['src/sample.ts', '3 lines, at most 2']])
    expect(longFiles(sample('a\nb\n\n'), 2)).toEqual([])
  })

  test('in a long function, method or function inside of another', () => {
    const text =
      'const outer = () => {\n  function inner() {\n    return 1\n  }\n  return inner\n}\nclass A {\n  b() {\n\n\n\n  }\n}\n'
    expect(whatOf(longFunctions(sample(text), 4))).toEqual([
      'line 1: outer has 6 lines, at most 4',
      'line 8: b has 5 lines, at most 4',
    ])
    expect(longFunctions(sample(text), 6)).toEqual([])
  })

  test('in parameters', () => {
    const text = [
      'function four(a, b, c, d) {}',
      'const arrow = (a, b, c, d) => a',
      'class Other { constructor(a, b, c, d) {} method(a, b, c, d) {} }',
      'class Ims { post(a, b, c, d) {} private own(a, b, c, d) {} }',
      "'text'.replace(/x/, (a, b, c, d) => a)",
      'function three(this: Date, a, b, c) {}',
    ].join('\n')
    expect(whatOf(manyParameters(sample(text), 3)).map((what) => what.split(' has ')[0])).toEqual([
      'line 1: four',
      'line 2: arrow',
      'line 3: constructor',
      'line 3: method',
      'line 4: own',
    ])
  })

  test('in casts', () => {
    const text =
      'f(a as never)\nf(b as unknown as Date)\nf(c as any)\nf((d as unknown) as Date)\nf(e as Date)\nf(g as unknown)\n'
    expect(whatOf(casts(sample(text)))).toEqual([
      'line 1: a as never',
      'line 2: b as unknown as Date',
      'line 3: c as any',
      'line 4: (d as unknown) as Date',
    ])
  })

  test('in names', () => {
    const one = parse(
      'src/one.ts',
      'export const { a, b: [c] } = x\nexport function same(): void\nexport function same() {}\n',
    )
    const two = parse(
      'src/two.ts',
      "export interface a {}\nclass same {}\nexport { same }\nexport { c } from './one.ts'\n",
    )
    const three = parse(
      'src/three.ts',
      "import { c } from './one.ts'\nexport { c }\nexport type { same } from './two.ts'\n",
    )
    expect(exportedNames(one)).toEqual(['a', 'c', 'same'])
    expect(doubledNames([one, two, three], { same: 'on purpose' })).toEqual([
      ['src/one.ts', 'a is declared in src/two.ts too'],
      ['src/two.ts', 'a is declared in src/one.ts too'],
    ])
  })

  test('in circles of imports, by types and dynamic imports too', () => {
    const files = [
      parse('src/a.ts', "import type { B } from './in/b.ts'\n"),
      parse('src/in/b.ts', "export const load = () => import('../c.ts')\n"),
      parse('src/c.ts', "export type A = import('./a.ts').A\n"),
      parse('src/d.ts', "export * from './a.ts'\n"),
    ]
    expect(circles(files).map(([, way]) => way)).toEqual([
      'src/a.ts -> src/in/b.ts -> src/c.ts -> src/a.ts',
      'src/in/b.ts -> src/c.ts -> src/a.ts -> src/in/b.ts',
      'src/c.ts -> src/a.ts -> src/in/b.ts -> src/c.ts',
    ])
  })

  test('in the names of tests', () => {
    const files = ['src/core/login/start.ts', 'src/core/session/renewal.ts', 'src/adapters/node/cli/main.ts']
    const found = [
      'test/core/login/start.test.ts',
      'test/core/login/start-errors.test.ts',
      'test/core/session.test.ts',
      'test/core/session/renewal/times.test.ts',
      'test/cli/main.test.ts',
      'test/proof/anything.test.ts',
    ]
    const lost = ['test/core/start.test.ts', 'test/core/login/starting.test.ts', 'test/cli/other.test.ts']
    expect(lostTests([...found, ...lost], files, ['test/cli/other.test.ts']).map(([file]) => file)).toEqual([
      'test/core/start.test.ts',
      'test/core/login/starting.test.ts',
    ])
  })
})

describe('a table of debts', () => {
  const findings = byFile([
    ['a.ts', 'one'],
    ['a.ts', 'two'],
    ['b.ts', 'three'],
  ])

  test('allows what it lists, and nothing else', () => {
    expect(compareDebt(findings, { 'a.ts': 2, 'b.ts': 1 })).toEqual({ more: [], slack: [] })
    expect(compareDebt(findings, { 'a.ts': 1, 'b.ts': 1 }).more).toEqual([
      { file: 'a.ts', allowed: 1, found: ['one', 'two'] },
    ])
    expect(compareDebt(findings, {}).more.map(({ file }) => file)).toEqual(['a.ts', 'b.ts'])
  })

  test('reports what was paid', () => {
    expect(compareDebt(findings, { 'a.ts': 3, 'b.ts': 1, 'c.ts': 1 }).slack).toEqual([
      'a.ts: 3 allowed, 2 found',
      'c.ts: 1 allowed, 0 found',
    ])
  })

  test('can shrink and follow a move, and cannot grow', () => {
    expect(shrink('rule', { 'a.ts': 2, 'b.ts': 5 }, findings)).toEqual({ 'a.ts': 2, 'b.ts': 1 })
    expect(shrink('rule', { 'moved.ts': 3 }, findings)).toEqual({ 'a.ts': 2, 'b.ts': 1 })
    expect(() => shrink('rule', { 'a.ts': 2 }, findings)).toThrow('3 violations, 2 allowed')
  })
})
