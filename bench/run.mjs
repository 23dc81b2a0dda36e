import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { circumstances, writeFigures } from './page.mjs'
import { printTable } from './table.mjs'

const sections = [
  'warm',
  'share',
  'write',
  'set',
  'sign',
  'verify',
  'cache',
  'start',
  'call',
  'worker',
  'load',
  'fleet',
]
const failed = 'failed, see above'
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !sections.includes(name))
if (unknown.length > 0) console.error(`no section ${unknown.join(', ')}; there are: ${sections.join(', ')}`)

const project = fileURLToPath(new URL('..', import.meta.url))
const where = circumstances(project)
const root = mkdtempSync(join(tmpdir(), 'imskit-bench-'))
try {
  const rows = []
  for (const name of sections) {
    if (asked.length > 0 && !asked.includes(name)) continue
    process.stderr.write(`${name} … `)
    const began = performance.now()
    rows.push(...(await runSection(name)))
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`)
  }
  printTable(rows)
  // a part of the figures would not be of one commit and one machine
  if (asked.length === 0 && !rows.some(({ ours }) => ours === failed))
    writeFigures(join(project, 'docs/benchmarks.md'), rows, where)
} finally {
  rmSync(root, { recursive: true, force: true })
}

/** Each section has a process, a home and a working directory of its own: the old library reads and writes both. */
function runSection(name) {
  const home = mkdtempSync(join(root, `${name}-`))
  const child = fork(fileURLToPath(new URL('section.mjs', import.meta.url)), [name], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      ...(process.env.BENCH_LOAD_SECONDS && { BENCH_LOAD_SECONDS: process.env.BENCH_LOAD_SECONDS }),
      HOME: home,
      TMPDIR: home,
      XDG_CONFIG_HOME: join(home, '.config'),
      XDG_STATE_HOME: join(home, '.state'),
    },
    execArgv: ['--expose-gc'],
  })
  return new Promise((resolve) => {
    let rows = [{ figure: name, ours: failed }]
    child.on('message', (message) => {
      rows = message
    })
    child.on('exit', () => resolve(rows))
  })
}
