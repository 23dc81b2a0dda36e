import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

// writes the table of evidence into docs/ims-protocol.md; with --check it only compares

const page = 'docs/ims-protocol.md'
const [start, end] = ['<!-- evidence: start (npm run evidence writes this) -->', '<!-- evidence: end -->']

// the table is TypeScript, which the oldest supported Node does not read
const { outputFiles } = await build({
  entryPoints: ['test/emulator/evidence/page.ts'],
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
})
const { renderEvidence } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
)

const text = readFileSync(page, 'utf8')
const [from, to] = [text.indexOf(start), text.indexOf(end)]
const written = `${text.slice(0, from)}${start}\n\n${renderEvidence()}\n\n${text.slice(to)}`
let problem
if (from < 0 || to < from) problem = `${page} lacks the two lines between which the table belongs`
else if (!process.argv.includes('--check')) writeFileSync(page, written)
else if (written !== text)
  problem = `The table in ${page} is not the one of test/emulator/evidence; run \`npm run evidence\``
if (problem !== undefined) console.error(problem)
process.exitCode = problem === undefined ? 0 : 1
