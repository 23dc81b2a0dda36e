import { time, times } from './table.mjs'

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Measures candidates against each other on a machine that others use too: round by round, each candidate once and
 * every round in another order, so that what disturbs one disturbs all. Ratios are taken inside a round.
 *
 * @param candidates by name `{ ops, run, prepare? }`: `run(ops, prepared)` does the thing `ops` times; what it
 *   returns, if it is a number, is the time it took in ns, else the whole of it is timed
 * @returns `{ ns: { name: median per operation }, ratio(a, b): median of the rounds }`
 */
export async function pairedRounds(candidates, { rounds = 15, warmUp = 2 } = {}) {
  const names = Object.keys(candidates)
  const perRound = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of rotated(names, round + warmUp)) {
      const { ops = 1, run, prepare } = candidates[name]
      const prepared = prepare?.(ops)
      const ns = await timed(() => run(ops, prepared))
      if (round >= 0) perRound[name].push(ns / ops)
    }
  }
  return {
    ns: Object.fromEntries(names.map((name) => [name, median(perRound[name])])),
    ratio: (a, b) => median(perRound[a].map((ns, round) => ns / perRound[b][round])),
    difference: (a, b) => median(perRound[a].map((ns, round) => ns - perRound[b][round])),
  }
}

async function timed(run) {
  const began = process.hrtime.bigint()
  const reported = await run()
  return typeof reported === 'number' ? reported : Number(process.hrtime.bigint() - began)
}

function rotated(names, by) {
  const start = by % names.length
  return [...names.slice(start), ...names.slice(0, start)]
}

/** The row of `ours` against `floor` and, where it was measured, `old`. */
export function ratioRow(figure, { ns, ratio }, atMost, target = `at most ${atMost}x`) {
  const found = ratio('ours', 'floor')
  return {
    figure,
    ours: time(ns.ours),
    floor: time(ns.floor),
    ratio: times(found),
    ...(ns.old !== undefined && { old: time(ns.old), oldRatio: times(ratio('old', 'floor')) }),
    ...(atMost !== undefined && { target, met: found <= atMost }),
  }
}
