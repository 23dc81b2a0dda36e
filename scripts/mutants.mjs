import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { mutants } from './mutants/list.mjs'
import { locate } from './mutants/locate.mjs'

// breaks copies of the source, one small way at a time, and shows that the tests notice; a word limits it to one area, and MUTANT_WORKERS=1 to one process

const [wanted = ''] = process.argv.slice(2)
const chosen = mutants.filter(({ area }) => area.startsWith(wanted))

const located = []
const lost = []
for (const mutant of chosen) {
  try {
    located.push({ ...mutant, ...locate(mutant) })
  } catch (error) {
    lost.push(error.message)
  }
}
if (lost.length > 0 || located.length === 0) {
  console.error(`The list in scripts/mutants has to follow the code:\n${lost.join('\n') || 'none chosen'}`)
  process.exit(1)
}

/** A copy of the project to break. */
function copyProject() {
  const place = mkdtempSync(join(tmpdir(), 'imskit-mutants-'))
  for (const name of ['src', 'test', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'scripts'])
    cpSync(name, join(place, name), { recursive: true })
  symlinkSync(join(process.cwd(), 'node_modules'), join(place, 'node_modules'))
  return place
}

const vitest = join(process.cwd(), 'node_modules', 'vitest', 'vitest.mjs')
/** How a run of one file of tests in `place` ends: `passed`, `failed`, or `hung` where it has not ended by itself. */
const runFile = (place, file, timeout = 600_000) =>
  new Promise((resolve) => {
    const args = [vitest, 'run', '--bail', '1', '--maxWorkers', '1', '--reporter', 'dot', file]
    const options = { cwd: place, timeout, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 }
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ end: error === null ? 'passed' : error.killed ? 'hung' : 'failed', output: stdout + stderr }),
    )
  })

/** How long each file of tests takes without a mutation, in ms. */
const usual = new Map()

/** Runs the files of `tests`, the quickest first, until one notices something. */
async function run(place, tests) {
  for (const file of tests) {
    const { end } = await runFile(place, file, Math.max(90_000, Math.round(3 * usual.get(file))))
    if (end !== 'passed') return end
  }
  return 'passed'
}

/** Runs `work` on every item, `places.length` at a time. */
async function each(items, places, work) {
  const queue = [...items]
  const drain = async (place) => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, place)
  }
  await Promise.all(places.map(drain))
}

const places = Array.from(
  { length: Number(process.env.MUTANT_WORKERS) || Math.min(2, availableParallelism()) },
  copyProject,
)
process.on('exit', () => {
  for (const place of places) rmSync(place, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

// a test that fails anyway would kill everything; on a busy machine one is asked a second time
await each(new Set(located.flatMap(({ tests }) => tests)), places, async (file, place) => {
  const began = performance.now()
  const first = await runFile(place, file)
  usual.set(file, performance.now() - began)
  if (first.end === 'passed') return
  const { end, output } = await runFile(place, file)
  if (end === 'passed') return console.error(`${file} failed once without any mutation`)
  console.error(`${file} fails without any mutation:\n${output}`)
  process.exit(1)
})

const outcomes = []
await each(located, places, async (mutant, place) => {
  const { path, text, start, end: stop, find, replace, tests, survives } = mutant
  writeFileSync(join(place, path), text.slice(0, start) + replace + text.slice(stop))
  const end = await run(place, tests)
  writeFileSync(join(place, path), text)
  // a run that hangs has noticed something too, but nobody is told what
  const outcome = { passed: survives ? 'explained' : 'SURVIVED', failed: 'killed', hung: 'hung' }[end]
  outcomes.push({ ...mutant, outcome })
  const change = `${find}  =>  ${replace || '(nothing)'}`.replaceAll(/\s*\n\s*/g, ' ')
  console.log(
    `${outcome.padEnd(9)} ${path} ${mutant.within}: ${change}${outcome === 'explained' ? ` (${survives})` : ''}`,
  )
})

const table = {}
for (const { area, outcome } of outcomes) {
  table[area] ??= { killed: 0, hung: 0, explained: 0, SURVIVED: 0 }
  table[area][outcome]++
}
console.table(table)
const count = (wanted) => outcomes.filter(({ outcome }) => outcome === wanted).length
console.log(
  `${count('killed')} of ${outcomes.length} killed and ${count('hung')} hung; ${count('explained')} cannot be noticed, ${count('SURVIVED')} survived`,
)
process.exitCode = outcomes.some(({ outcome }) => outcome === 'SURVIVED') ? 1 : 0
