import { aioConfig, createNodeIms, getToken } from 'imskit/node'
import { oldLibrary, projectWith } from '../fixtures.mjs'
import { pairedRounds, ratioRow } from '../measure.mjs'
import { time, times } from '../table.mjs'

const minValidity = 600_000

/** getToken of a stored token, again and again, against an async Map look-up with an expiry check. */
export default async function warm() {
  const small = projectWith(1)
  const large = projectWith(10_000)
  process.chdir(small)
  const one = await pairedRounds(
    {
      ours: { ops: 20_000, run: oursAgain },
      floor: { ops: 20_000, run: floorAgain(1) },
      old: { ops: 200, run: oldAgain(small) },
    },
    { rounds: 21 },
  )
  const grown = await pairedRounds(
    {
      small: { ops: 20_000, run: again(imsOf(small)) },
      ours: { ops: 20_000, run: again(imsOf(large)) },
      floor: { ops: 20_000, run: floorAgain(10_000) },
      old: { ops: 10, run: oldAgain(large) },
    },
    { rounds: 11 },
  )
  const growth = grown.ratio('ours', 'small')
  const ims = imsOf(large)
  const each = await pairedRounds({
    ours: { ops: 10_000, run: inTurn(ims) },
    floor: { ops: 10_000, run: floorInTurn() },
  })
  return [
    ratioRow('getToken of a known token, 1 context', one, 2),
    ratioRow('the same among 10,000 contexts', grown, 2),
    {
      figure: 'growth from 1 to 10,000 contexts',
      ours: time(grown.ns.ours),
      floor: time(grown.ns.small),
      ratio: times(growth),
      oldRatio: times(grown.ns.old / one.ns.old),
      target: 'flat (at most 1.1x)',
      met: growth <= 1.1,
    },
    ratioRow('each of 10,000 contexts in turn, all in use', each),
  ]
}

function imsOf(cwd) {
  return createNodeIms({ config: aioConfig({ cwd, home: cwd, env: {} }) })
}

// every candidate has a loop of its own, or they would slow each other down

async function oursAgain(ops) {
  for (let op = 0; op < ops; op++) await getToken('ctx-0')
}

function again(ims) {
  return async (ops) => {
    for (let op = 0; op < ops; op++) await ims.getToken('ctx-0')
  }
}

function inTurn(ims) {
  const names = Array.from({ length: 10_000 }, (_, index) => `ctx-${index}`)
  return async (ops) => {
    for (let op = 0; op < ops; op++) await ims.getToken(names[op % names.length])
  }
}

function floorOf(count) {
  const tokens = new Map()
  for (let index = 0; index < count; index++) {
    tokens.set(`ctx-${index}`, { token: `token ${index}`, expiry: Date.now() + 86_400_000 })
  }
  return async (name) => {
    const entry = tokens.get(name)
    if (entry !== undefined && entry.expiry - minValidity > Date.now()) return entry.token
    throw new Error('expired')
  }
}

function floorAgain(count) {
  const get = floorOf(count)
  return async (ops) => {
    for (let op = 0; op < ops; op++) await get('ctx-0')
  }
}

function floorInTurn() {
  const get = floorOf(10_000)
  const names = Array.from({ length: 10_000 }, (_, index) => `ctx-${index}`)
  return async (ops) => {
    for (let op = 0; op < ops; op++) await get(names[op % names.length])
  }
}

/** The old library has one configuration per process: that of the working directory when it was last loaded. */
function oldAgain(directory) {
  let loaded
  return async (ops) => {
    loaded ??= loadOld(directory)
    const old = await loaded
    const began = process.hrtime.bigint()
    for (let op = 0; op < ops; op++) await old.getToken('ctx-0')
    return Number(process.hrtime.bigint() - began)
  }
}

async function loadOld(directory) {
  process.chdir(directory)
  const old = oldLibrary()
  await old.context.get('ctx-0')
  oldLibrary('/../aio-lib-core-config').reload()
  return old
}
