import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { projectWith } from '../fixtures.mjs'
import { median } from '../measure.mjs'

const rounds = 21
// `.cjs` by require, `.mjs` by import
const scripts = [
  'empty.cjs',
  'empty.mjs',
  'read-file.mjs',
  'our-client.cjs',
  'our-client.mjs',
  'our-token.cjs',
  'our-token.mjs',
  'old-client.mjs',
  'old-token.mjs',
]
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
      const path = fileURLToPath(new URL(`../cold/${script}`, import.meta.url))
      const { stdout } = await run(process.execPath, [path], { cwd })
      if (round >= 0) found[script].push(JSON.parse(stdout))
    }
  }
  const empty = (script) => found[`empty.${script.split('.')[1]}`]
  const over = (script, measure) =>
    median(found[script].map((one, round) => one[measure] - empty(script)[round][measure]))
  const ms = (script) => `${signed(over(script, 'ms'))} ms`
  const megabytes = (script) => over(script, 'rss') / 1024 / 1024
  const shown = (script) => `${signed(megabytes(script))} MB`
  const floor = `${median(found['empty.mjs'].map((one) => one.ms)).toFixed(1)} ms`
  const time = (figure, script, { old, atMost, floor }) => ({
    figure,
    ours: ms(script),
    floor,
    ...(old !== undefined && { old: ms(old) }),
    target: `at most +${atMost} ms`,
    met: over(script, 'ms') <= atMost,
  })
  return [
    time('require and build a client: time', 'our-client.cjs', { atMost: 6, floor }),
    time('import and build a client: time', 'our-client.mjs', { old: 'old-client.mjs', atMost: 9, floor }),
    {
      figure: 'import and build a client: memory',
      ours: shown('our-client.mjs'),
      floor: `${(median(found['empty.mjs'].map((one) => one.rss)) / 1024 / 1024).toFixed(1)} MB`,
      old: shown('old-client.mjs'),
    },
    time('a stored token in a fresh process, by require: time', 'our-token.cjs', {
      atMost: 10,
      floor: ms('read-file.mjs'),
    }),
    time('a stored token in a fresh process, by import: time', 'our-token.mjs', {
      old: 'old-token.mjs',
      atMost: 13,
      floor: ms('read-file.mjs'),
    }),
    {
      figure: 'a stored token in a fresh process: memory',
      ours: shown('our-token.mjs'),
      floor: shown('read-file.mjs'),
      old: shown('old-token.mjs'),
    },
  ]
}

function signed(value) {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`
}
