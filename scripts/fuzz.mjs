import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'

// feeds every parser with changed texts of test/fuzz/corpus and looks for undocumented errors, quoted secrets, changed
// prototypes, hangs and more than linear time: npm run fuzz [-- seconds] [-- --seed 1] [-- --target pem]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    target: { type: 'string' },
    /** Look at parsers that are wrong on purpose. */
    planted: { type: 'boolean', default: false },
    /** Seconds that one input may take: a stalled machine needs less. */
    patience: { type: 'string', default: '20' },
  },
})
const seconds = Number(positionals[0] ?? 60)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(values.seed)

const program = join('node_modules', '.cache', 'imskit-fuzz', 'worker.mjs')
await build({
  entryPoints: ['test/fuzz/worker.ts'],
  outfile: program,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
})

const current = new SharedArrayBuffer(8 + 2 * 65_536)
const [counts, units] = [new Int32Array(current, 0, 2), new Uint16Array(current, 8)]
const workerData = { corpus: 'test/fuzz/corpus', seconds, seed, only: values.target, planted: values.planted, current }
const worker = new Worker(join(process.cwd(), program), { workerData })

let [target, problems, targets] = ['none', 0, 0]
function say(name, input, problem) {
  problems++
  console.log(`${name}: ${problem}\n  input: ${JSON.stringify(input.slice(0, 2_000))}`)
}
worker.on('message', (report) => {
  if (report.kind === 'target') target = report.name
  if (report.kind === 'problem') say(report.name, report.input, report.problem)
  if (report.kind !== 'done') return
  targets++
  console.log(`${report.name}: ${report.inputs} inputs, ${report.kept} kept, ${report.blocks} blocks of code`)
})

let [seen, since] = [-1, Date.now()]
const watch = setInterval(() => {
  const count = Atomics.load(counts, 0)
  if (count !== seen) [seen, since] = [count, Date.now()]
  if (Date.now() - since < Number(values.patience) * 1000) return
  say(target, String.fromCharCode(...units.slice(0, Atomics.load(counts, 1))), 'it hangs')
  void worker.terminate()
}, 500)

worker.on('error', (error) => {
  problems++
  console.log(`${target}: the search itself failed`, error)
})
worker.on('exit', () => {
  clearInterval(watch)
  console.log(`${problems} problems in ${targets} parsers, seed ${seed}`)
  process.exitCode = problems > 0 || targets === 0 ? 1 : 0
})
