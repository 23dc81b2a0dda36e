import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimes, sections } from './security/rows.mjs'

// writes the table of security requirements and their tests into docs/security-model.md; with --check it only compares

const page = 'docs/security-model.md'
const [start, end] = ['<!-- requirements: start (npm run security writes this) -->', '<!-- requirements: end -->']
const rows = sections.flatMap((section) => section.rows)

/** A title at the start of a call's arguments that ends with ids: `test('… (S3, S5)', …)`, `describe(`, `test.each(…)(`. */
const title = /([\w.]*)(?:\([^()]*\))?\(\s*(['"`])((?:(?!\2)[^\\\n]|\\.)*?) \((S\d+(?:, S\d+)*)\)\2\s*,/g

/** The titled tests of one file. */
function testsOf(path) {
  const found = []
  for (const [, call, , text, ids] of readFileSync(path, 'utf8').matchAll(title)) {
    if (/\b(skip|todo|fails)\b/.test(call)) continue
    found.push({ path, text: text.replaceAll(/\\(.)/g, '$1'), ids: ids.split(', ') })
  }
  return found
}

const files = readdirSync('test', { recursive: true })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts') || /^test\/conformance\/cases\/.*\.mjs$/.test(name))
  .sort()
const tests = files.flatMap(testsOf)

const known = new Set(rows.map(({ id }) => id))
const problems = tests.flatMap(({ path, text, ids }) =>
  ids.filter((id) => !known.has(id)).map((id) => `${path}: "${text}" names ${id}, which is not a requirement`),
)
const provenBy = (id) => tests.filter(({ ids }) => ids.includes(id))
for (const { id, priority, requirement } of rows) {
  if (priority < 2 && provenBy(id).length === 0) problems.push(`${id} has no test: ${requirement}`)
}

function runtimesOf(path) {
  const [best] = runtimes.filter(([prefix]) => path.startsWith(prefix)).sort(([a], [b]) => b.length - a.length)
  return best[1].split(', ')
}

/** Text of a title in a cell of the table. */
const cell = (text) => text.replaceAll('`', '').replaceAll('|', '\\|').replaceAll('<', '&lt;')

function line({ id, priority, requirement, note }) {
  const proof = provenBy(id)
  const listed = [...new Set(proof.map(({ path }) => path))].map((path) => {
    const titles = proof.filter((test) => test.path === path).map((test) => cell(test.text))
    return `${titles.join('; ')} (\`${path}\`)`
  })
  const where = [...new Set(proof.flatMap(({ path }) => runtimesOf(path)))].sort()
  const required = note === undefined ? requirement : `${requirement} (${note})`
  return `| ${id} | P${priority} | ${required} | ${listed.join('<br>') || 'none'} | ${where.join(', ') || ''} |`
}

const table = sections
  .map((section) => {
    const head = `### ${section.title}\n\n| id | priority | requirement | tests | runtimes |\n|---|---|---|---|---|`
    return `${head}\n${section.rows.map(line).join('\n')}`
  })
  .join('\n\n')

const text = readFileSync(page, 'utf8')
const [from, to] = [text.indexOf(start), text.indexOf(end)]
if (from < 0 || to < from) problems.push(`${page} lacks the two lines between which the table belongs`)
const written = `${text.slice(0, from)}${start}\n\n${table}\n\n${text.slice(to)}`
if (process.argv.includes('--check')) {
  if (written !== text) problems.push(`The table in ${page} is not the one of the tests; run \`npm run security\``)
} else if (from >= 0 && to > from) {
  writeFileSync(page, written)
}
if (problems.length > 0) console.error(problems.join('\n'))
process.exitCode = problems.length > 0 ? 1 : 0
