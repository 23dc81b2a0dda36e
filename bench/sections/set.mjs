import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aioConfig, createNodeIms } from 'imskit/node'
import { contextData, oldLibrary, projectWith } from '../fixtures.mjs'
import { pairedRounds } from '../measure.mjs'
import { time, times } from '../table.mjs'

/** context.set among many contexts, against reading, changing and replacing the one file by hand. */
export default async function set() {
  return [
    ...(await among(1000, 8, { rounds: 9, oldRounds: 5 })),
    ...(await among(10_000, 60, { rounds: 7, oldRounds: 1 })),
  ]
}

async function among(count, atMost, { rounds, oldRounds }) {
  const directories = { ours: projectWith(count), first: projectWith(count), floor: projectWith(count) }
  const ims = imsOf(directories.ours)
  const found = await pairedRounds(
    {
      ours: { run: () => ims.context.set('ctx-7', nextContext(), true) },
      first: { run: () => imsOf(directories.first).context.set('ctx-7', nextContext(), true) },
      floor: { run: () => replaceByHand(join(directories.floor, '.aio')) },
    },
    { rounds, warmUp: 1 },
  )
  const old = await oldSets(projectWith(count), oldRounds)
  const row = (figure, name) => ({
    figure: `context.set among ${count.toLocaleString('en')} contexts${figure}`,
    ours: time(found.ns[name]),
    floor: time(found.ns.floor),
    ratio: times(found.ratio(name, 'floor')),
    old: time(old),
    oldRatio: times(old / found.ns.floor),
  })
  const target = { target: `at most ${atMost} ms`, met: found.ns.ours <= atMost * 1e6 }
  // what the first call costs on top is reading and printing the whole of the file: that has no target
  return [{ ...row('', 'ours'), ...target }, row(', first in a process', 'first')]
}

function imsOf(cwd) {
  return createNodeIms({ config: aioConfig({ cwd, home: cwd, env: {} }) })
}

let changes = 0

function nextContext() {
  changes += 1
  return { ...contextData('ctx-7'), changes }
}

function replaceByHand(path) {
  const config = JSON.parse(readFileSync(path, 'utf8'))
  config.ims.contexts['ctx-7'] = nextContext()
  writeFileSync(`${path}.tmp`, `${JSON.stringify(config, null, 2)}\n`)
  renameSync(`${path}.tmp`, path)
}

async function oldSets(directory, rounds) {
  process.chdir(directory)
  const { context } = oldLibrary()
  await context.get('ctx-7')
  oldLibrary('/../aio-lib-core-config').reload()
  const { ns } = await pairedRounds(
    { old: { run: () => context.set('ctx-7', nextContext(), true) } },
    { rounds, warmUp: rounds > 1 ? 1 : 0 },
  )
  return ns.old
}
