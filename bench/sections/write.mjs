import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import hjson from 'hjson'
import { contextData, homeWith } from '../fixtures.mjs'
import { time } from '../table.mjs'
import { startWorker, withWorkers } from '../worker.mjs'

const processes = 8
const rounds = 50
const earlier = Array.from({ length: 20 }, (_, index) => `earlier-${index}`)

/** 8 processes that write contexts of their own into one configuration file, 400 in all, beside 20 that are there. */
export default async function write() {
  const rows = []
  for (const mode of ['at once', 'one after another']) {
    const ours = await measure('ours', mode)
    const old = await measure('old', mode)
    rows.push(
      {
        figure: `${processes} processes write ${mode}: lost of ${processes * rounds}`,
        ours: ours.lost,
        floor: 0,
        old: old.lost,
        target: '0',
        met: ours.lost === 0 && ours.kept === earlier.length,
      },
      {
        figure: '  a reader meanwhile: empty or broken files',
        ours: `${ours.torn} of ${ours.looks}`,
        floor: 0,
        old: `${old.torn} of ${old.looks}`,
        target: '0',
        met: ours.torn === 0,
      },
      { figure: '  time for a write', ours: time(ours.ns), old: time(old.ns) },
    )
  }
  return rows
}

async function measure(library, mode) {
  const home = homeWith(Object.fromEntries(earlier.map((name) => [name, contextData(name)])))
  const path = join(home, '.config', 'aio')
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, '.config'), XDG_STATE_HOME: join(home, '.state') }
  const reader = await startWorker('file-reader', [path])
  const start = () => startWorker('context-writer', [library], { env, cwd: home })
  const ns = await withWorkers(processes, start, (workers) => writeAll(workers, mode))
  const { whole, empty, broken } = await reader.ask('seen')
  await reader.end()
  const found = namesIn(path)
  const wanted = Array.from({ length: rounds }, (_, round) => namesOf(round)).flat()
  return {
    ns: ns / wanted.length,
    lost: wanted.filter((name) => !found.has(name)).length,
    kept: earlier.filter((name) => found.has(name)).length,
    torn: empty + broken,
    looks: whole + empty + broken,
  }
}

async function writeAll(workers, mode) {
  const began = process.hrtime.bigint()
  for (let round = 0; round < rounds; round++) {
    const names = namesOf(round)
    if (mode === 'at once') await Promise.all(workers.map((worker, index) => worker.ask(names[index])))
    else for (const [index, worker] of workers.entries()) await worker.ask(names[index])
  }
  return Number(process.hrtime.bigint() - began)
}

function namesOf(round) {
  return Array.from({ length: processes }, (_, index) => `writer-${index}-${round}`)
}

function namesIn(path) {
  try {
    return new Set(Object.keys(hjson.parse(readFileSync(path, 'utf8')).ims.contexts))
  } catch {
    return new Set()
  }
}
