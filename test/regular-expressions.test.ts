import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { redactText } from '../src/core/redact.ts'

// The one place where time is compared: a pattern that backtracks blocks the program for minutes on a text of 100 kB.

/** A regular expression literal of `src`, and what it does to a text. */
interface Pattern {
  readonly where: string
  readonly literal: RegExp
  readonly run: (text: string) => unknown
}

function patternsOf(file: string): Pattern[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Pattern[] = []
  const visit = (node: ts.Node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      const splits = ts.isCallExpression(node.parent) && /\.split$/.test(node.parent.expression.getText(source))
      found.push(pattern(`${file}:${line + 1} ${node.text}`, node.text, splits))
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function pattern(where: string, text: string, splits: boolean): Pattern {
  const end = text.lastIndexOf('/')
  const literal = new RegExp(text.slice(1, end), text.slice(end + 1))
  const run = splits ? (given: string) => given.split(literal) : (given: string) => given.replace(literal, '')
  return { where, literal, run }
}

/** What a pattern is made of: its runs of plain characters, and one character of each class that it may know. */
function piecesOf({ source }: RegExp): string[] {
  const plain = source.replace(/\\[wdsDSWpPbBu](?:\{\w+\})?/g, '\u0000').replace(/\\(.)/g, '$1')
  const words = plain.match(/[\w:;/%"'=.,@ -]{1,20}/g) ?? []
  const classes = ['a', 'A', '0', ' ', '-', '.', '/', '\\', '=', ',', '%', '"', '\n', '\u0000']
  return [...new Set([...words.slice(0, 8), ...classes])]
}

type Shape = (length: number) => string

/** Texts on which a pattern could backtrack: repetitions after a beginning that may fit, with an end that does not. */
function hostileShapes(literal: RegExp): Shape[] {
  const pieces = piecesOf(literal)
  const [start = ''] = pieces
  const many = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length))
  const pairs = pieces.flatMap((one) => ['', ...pieces].map((other) => one + other))
  return pairs.flatMap((unit): Shape[] => [
    (length) => `${many(unit, length)}\u0001!`,
    (length) => `${start}${many(unit, length)}\u0001`,
  ])
}

/** The least time that `work` takes, in ms. What takes long is not repeated often. */
function bestOf(times: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  let left = 100
  for (let time = 0; time < times && left > 0; time++) {
    const began = performance.now()
    work()
    const took = performance.now() - began
    best = Math.min(best, took)
    left -= took
  }
  return best
}

const scanned = 500
const suspects = 6
const compared = 4_000

/** How the time grows from a text to one of four times its length; `undefined` if it grows as the text does. */
function growth(run: Pattern['run'], [short, long]: readonly [string, string]): string | undefined {
  const before = bestOf(5, () => run(short))
  // linear takes 4 times as long, quadratic 16 times, and both are far above what is noise
  const after = before > 100 ? Number.POSITIVE_INFINITY : bestOf(5, () => run(long))
  return after > 5 && after / before > 9 ? `${before.toFixed(1)} ms, then ${after.toFixed(1)} ms` : undefined
}

/** How a pattern does on the texts that are worst for it; `undefined` if it takes linear time. */
function fault({ where, literal, run }: Pattern): string | undefined {
  const measured = hostileShapes(literal).map((shape) => {
    const text = shape(scanned)
    return { shape, ms: bestOf(2, () => run(text)) }
  })
  for (const { shape } of measured.sort((one, other) => other.ms - one.ms).slice(0, suspects)) {
    const texts = [shape(compared), shape(compared * 4)] as const
    // a machine that is busy with something else stalls any pattern once, and no pattern three times
    let slow: string | undefined = ''
    for (let look = 0; look < 3 && slow !== undefined; look++) slow = growth(run, texts)
    if (slow !== undefined) return `${where}: ${slow}, for ${JSON.stringify(texts[0].slice(0, 60))}`
  }
  return undefined
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const patterns = files.flatMap((name) => patternsOf(join('src', name)))

test('the measure finds patterns that backtrack, and no others', () => {
  const found = (text: string, splits = false) => fault(pattern('', text, splits)) !== undefined
  const slow = [
    String.raw`/\beyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g`,
    String.raw`/\/+$/`,
    '/=+$/',
    String.raw`/\\+[rn]/g`,
    String.raw`/\s+$/`,
  ]
  expect(slow.filter((text) => !found(text))).toEqual([])
  expect(found(String.raw`/\s*,\s*/`, true)).toBe(true)
  const fast = [
    String.raw`/^[\w-]*\.[\w-]*\.[\w-]*$/`,
    String.raw`/[\w.-]+/g`,
    String.raw`/^Bearer +([\w.~+/-]+=*) *$/i`,
  ]
  expect(fast.filter((text) => found(text))).toEqual([])
}, 120_000)

test('every regular expression of src takes linear time on hostile text', () => {
  expect(patterns.length).toBeGreaterThan(100)
  expect(patterns.map(fault).filter((found) => found !== undefined)).toEqual([])
}, 300_000)

test('untrusted text is redacted in linear time', () => {
  const units = [
    'eyJ-',
    'eyJ.',
    'eyJaaaaaaaa-',
    'eyJaaaaaaaa.',
    'Bearer ',
    'Bearer',
    '-----BEGIN A',
    '-----BEGIN A-----',
    '-----END A',
    'secret',
    '\u001b[',
  ]
  const slow = units.filter((unit) => {
    const timeFor = (length: number) => {
      const text = unit.repeat(Math.ceil(length / unit.length))
      return bestOf(3, () => redactText(text, ['secret-canary', 'eyJ-eyJ-eyJ-x']))
    }
    const [before, after] = [timeFor(2_500), timeFor(10_000)]
    return after > 5 && after / before > 9
  })
  expect(slow).toEqual([])
}, 60_000)
