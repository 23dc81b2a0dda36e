import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { projectWith } from '../fixtures.mjs'
import { median } from '../measure.mjs'

const rounds = 21
const scripts = ['empty', 'read-file', 'our-client', 'our-token', 'old-client', 'old-token']
const run = promisify(execFile)

/**
 * What a fresh process needs, from its start, over one that does nothing. Processor time: on a machine that others use
 * too, the clock on the wall tells how long a process had to wait.
 */
export default async function start() {
  const cwd = projectWith(1)
  const found = Object.fromEntries(scripts.map((script) => [script, []]))
  for (let round = -1; round < rounds; round++) {
    for (const script of scripts) {
      const path = fileURLToPath(new URL(`../cold/${script}.mjs`, import.meta.url))
      const { stdout } = await run(process.execPath, [path], { cwd })
      if (round >= 0) found[script].push(JSON.parse(stdout))
    }
  }
  const over = (script, measure) =>
    median(found[script].map((one, round) => one[measure] - found.empty[round][measure]))
  const ms = (script) => `${signed(over(script, 'ms'))} ms`
  const megabytes = (script) => over(script, 'rss') / 1024 / 1024
  const shown = (script) => `${signed(megabytes(script))} MB`
  const empty = median(found.empty.map((one) => one.ms))
  return [
    {
      figure: 'import and build a client: time',
      ours: ms('our-client'),
      floor: `${empty.toFixed(1)} ms`,
      old: ms('old-client'),
      target: 'at most +5 ms',
      met: over('our-client', 'ms') <= 5,
    },
    {
      figure: 'import and build a client: memory',
      ours: shown('our-client'),
      floor: `${(median(found.empty.map((one) => one.rss)) / 1024 / 1024).toFixed(1)} MB`,
      old: shown('old-client'),
      target: 'at most +1 MB',
      met: megabytes('our-client') <= 1,
    },
    {
      figure: 'a stored token in a fresh process: time',
      ours: ms('our-token'),
      floor: ms('read-file'),
      old: ms('old-token'),
      target: 'at most +10 ms',
      met: over('our-token', 'ms') <= 10,
    },
    {
      figure: 'a stored token in a fresh process: memory',
      ours: shown('our-token'),
      floor: shown('read-file'),
      old: shown('old-token'),
    },
  ]
}

function signed(value) {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`
}
