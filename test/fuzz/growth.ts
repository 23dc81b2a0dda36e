import { cpuUsage } from 'node:process'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

/** ms of processor time that `target` takes for `input`, at best of a few times. */
async function costOf(target: Target, input: string, times: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let time = 0; time < times; time++) {
    const before = cpuUsage()
    try {
      await target.run(input)
    } catch {
      // an error is an answer
    }
    const { user, system } = cpuUsage(before)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

/** Below this a ratio says nothing. */
const noise = 40
/** A linear parser takes four times as long for four times as much, a quadratic one sixteen times. */
const worst = 9

/** Four times as much each. */
const sizes = [512, 2_048, 8_192, 32_768]

interface Given {
  readonly random: Random
  readonly corpus: readonly string[]
  /** Says what is looked at, in case it hangs. */
  readonly announce: (input: string) => void
}

/** How much more than linear time `target` takes for repetitions of `piece` within something from the corpus. */
export async function steepOf(target: Target, piece: string, given: Given): Promise<string | undefined> {
  const { random, corpus, announce } = given
  const seed = random.pick(corpus)
  const cut = random(seed.length + 1)
  const [head, tail] = [seed.slice(0, cut), seed.slice(cut)]
  const cost = (size: number, times: number) => {
    const input = head + piece.repeat(Math.ceil(size / piece.length)) + tail
    announce(input)
    return costOf(target, input, times)
  }
  for (const size of sizes.slice(1)) {
    // most pieces cost nothing: one look is enough for those
    if ((await cost(size, 1)) < noise) continue
    const [once, four] = [Math.max(1, await cost(size / 4, 5)), await cost(size, 3)]
    if (four < noise || four < worst * once) continue
    const ratio = Math.round(four / once)
    const around = `${JSON.stringify(head.slice(-60))} … ${JSON.stringify(tail.slice(0, 60))}`
    return `${size} characters of ${JSON.stringify(piece)} take ${Math.round(four)} ms, ${ratio} times as long as a quarter: ${around}`
  }
  return undefined
}
