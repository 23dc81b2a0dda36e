import { aioConfig, createNodeIms } from 'imskit/node'
import { contextData, homeWith, newDirectory, projectWith, sendOldLibraryTo } from '../fixtures.mjs'
import { median } from '../measure.mjs'
import { time } from '../table.mjs'
import { startWorker, withWorkers } from '../worker.mjs'

const rounds = 5
const callers = 100
const processes = 8

/** How many token requests are made when many want one token at the same time. The server takes 20 ms for each. */
export default async function share() {
  const server = await startWorker('token-server', ['20'])
  try {
    const url = await server.ask('url')
    return [await oneProcess(server, url), await manyProcesses(server, url)]
  } finally {
    await server.end()
  }
}

async function oneProcess(server, url) {
  const ours = projectWith(rounds + 1, { endpoint: url })
  const theirs = projectWith(rounds + 1, { endpoint: url })
  const ims = createNodeIms({ directory: newDirectory(), config: aioConfig({ cwd: ours, home: ours, env: {} }) })
  process.chdir(theirs)
  const old = sendOldLibraryTo(url)
  const floor = sharedRequests(url)
  const counted = { ours: [], old: [], floor: [] }
  // the first round opens connections and files
  for (let round = 0; round <= rounds; round++) {
    for (const [name, getToken] of [
      ['floor', floor],
      ['ours', ims.getToken],
      ['old', old.getToken],
    ]) {
      const before = await server.ask('requests')
      const began = process.hrtime.bigint()
      await Promise.all(Array.from({ length: callers }, () => getToken(`ctx-${round}`)))
      const ns = Number(process.hrtime.bigint() - began)
      const requests = (await server.ask('requests')) - before
      if (round > 0) counted[name].push({ requests, ns })
    }
  }
  return requestsRow(`${callers} callers at once, no token: requests`, counted)
}

function sharedRequests(url) {
  const pending = new Map()
  return (name) => {
    if (!pending.has(name))
      pending.set(
        name,
        fetch(url, { method: 'POST', body: name }).then((answer) => answer.json()),
      )
    return pending.get(name)
  }
}

/** A new home and new processes each time: the old library leaves neither fit for another. */
async function manyProcesses(server, url) {
  const counted = { floor: [], ours: [], old: [] }
  for (let round = 0; round < 5; round++) {
    for (const library of Object.keys(counted)) {
      const home = homeWith({ ctx: contextData('ctx', { endpoint: url }) })
      const env = { HOME: home, XDG_CONFIG_HOME: `${home}/.config`, XDG_STATE_HOME: `${home}/.state` }
      const start = () => startWorker('token-caller', [library, url], { env, cwd: home })
      await withWorkers(processes, start, async (workers) => {
        const before = await server.ask('requests')
        const began = process.hrtime.bigint()
        await Promise.all(workers.map((worker) => worker.ask('ctx')))
        const ns = Number(process.hrtime.bigint() - began)
        counted[library].push({ requests: (await server.ask('requests')) - before, ns })
      })
    }
  }
  return requestsRow(`${processes} processes at once, no token: requests`, counted)
}

function requestsRow(figure, { ours, old, floor }) {
  const show = (found) =>
    `${Math.max(...found.map(({ requests }) => requests))} in ${time(median(found.map(({ ns }) => ns)))}`
  return {
    figure,
    ours: show(ours),
    floor: show(floor),
    old: show(old),
    target: '1',
    met: ours.every(({ requests }) => requests === 1),
  }
}
