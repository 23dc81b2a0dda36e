import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

// builds the package into dist with rollup, in two processes at once, as one uses one core; of the builds named only those

// by what they take: half of the time for each; `cdn` is made of what `esm` makes
const halves = [
  ['esm', 'cdn'],
  ['node', 'types'],
]
const named = process.argv.slice(2)
const whole = named.length === 0

/** Resolves to how a program ended. */
const run = (...args) =>
  new Promise((resolve) => {
    spawn(process.execPath, args, { stdio: 'inherit' }).on('exit', (code) => resolve(code ?? 1))
  })

const rollup = (builds) =>
  run(
    'node_modules/rollup/dist/bin/rollup',
    '-c',
    '--configPlugin',
    'esbuild',
    '--silent',
    '--environment',
    `ONLY:${builds.join('+')}`,
  )

if (whole) rmSync('dist', { recursive: true, force: true })
const wanted = halves
  .map((half) => half.filter((build) => whole || named.includes(build)))
  .filter(({ length }) => length > 0)
// rollup names its copy of the configuration by the ms: two that start in the same one would delete each other's
const ends = await Promise.all(wanted.map((builds, index) => setTimeout(index * 50).then(() => rollup(builds))))
if (whole && ends.every((end) => end === 0))
  ends.push(await run('scripts/sri.mjs'), await run('scripts/build/folders.mjs'))
process.exitCode = Math.max(...ends)
