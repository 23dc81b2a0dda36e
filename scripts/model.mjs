import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

// runs the model of sessions the given number of times, on all cores: npm run model -- --runs 1000000; replays a failure:
// npm run model -- --seed 1 --path 2:3

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    path: { type: 'string' },
    /** Go on after a failure, and show one of each kind. */
    all: { type: 'boolean', default: false },
  },
})
const total = Number(values.runs)
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(values.seed)
const perPart = 5_000

const program = join('node_modules', '.cache', 'imskit-model', 'command.mjs')
await build({
  entryPoints: ['test/model/command.ts'],
  outfile: program,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  logLevel: 'warning',
})

const parts =
  values.path === undefined
    ? Array.from({ length: Math.ceil(total / perPart) }, (_, part) => ({
        seed: firstSeed + part,
        runs: Math.min(perPart, total - part * perPart),
      }))
    : [{ seed: firstSeed, runs: 1, path: values.path }]

const counts = new Map()
/** One failure of each kind, and how often that kind was met. */
const failures = new Map()
const began = performance.now()
let done = 0

/** The kind of a failure, without the names of clients and tokens. */
const kindOf = (failure) =>
  failure.split('\n')[0].replace(/\b(client [A-Z]|P\d+|last|(refresh|access|session)-\d+)\b/g, '…')

function progress() {
  if (!process.stderr.isTTY) return
  const rate = Math.round((counts.get('runs') ?? 0) / ((performance.now() - began) / 1000))
  process.stderr.write(`\r${counts.get('runs') ?? 0} runs, ${rate} a second, ${failures.size} kinds of failure `)
}

function take({ failure, counts: more }) {
  done++
  for (const [what, times] of more) counts.set(what, (counts.get(what) ?? 0) + times)
  if (failure !== undefined) {
    const kind = kindOf(failure)
    const known = failures.get(kind)
    failures.set(kind, { text: known?.text ?? failure, times: (known?.times ?? 0) + 1 })
  }
  progress()
}

/** Lets one process work until there is nothing left to do. */
function work() {
  return new Promise((resolve, reject) => {
    const child = fork(program, { execArgv: ['--enable-source-maps'] })
    const next = () => {
      const part = failures.size > 0 && !values.all ? undefined : parts.shift()
      if (part === undefined) child.disconnect()
      else child.send(part)
    }
    child.on('message', (report) => {
      take(report)
      next()
    })
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a part ended with ${code}`))))
    next()
  })
}

await Promise.all(Array.from({ length: Math.min(availableParallelism(), parts.length) }, work))

const seconds = (performance.now() - began) / 1000
for (const { text, times } of failures.values()) console.log(`\n${text}\n(${times} of ${done} parts failed like this)`)
console.table([...counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([what, times]) => ({ what, times })))
console.log(
  `${counts.get('runs') ?? 0} runs from seed ${firstSeed} on in ${Math.round(seconds)} s, ${Math.round((counts.get('runs') ?? 0) / seconds)} a second: ${failures.size === 0 ? 'no failure' : `${failures.size} kinds of failure`}`,
)
process.exitCode = failures.size === 0 ? 0 : 1
