import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { type Coverage, startCoverage } from './coverage.ts'
import { steepOf } from './growth.ts'
import { dictionary, mutated } from './mutate.ts'
import { canary, problemOf, restore } from './oracle.ts'
import { plantedTargets } from './planted.ts'
import { type Random, randomOf } from './random.ts'
import type { Target } from './target.ts'
import { fileTargets } from './targets-files.ts'
import { keyTargets } from './targets-keys.ts'
import { webTargets } from './targets-web.ts'

// runs in a thread of its own, so that a parser that hangs is noticed from outside: `current` says what it is at

export interface Orders {
  readonly corpus: string
  readonly seconds: number
  readonly seed: number
  /** One target alone. */
  readonly only: string | undefined
  /** The parsers that are wrong on purpose, instead of those of the package. */
  readonly planted: boolean
  /** The count of inputs, the length of the present one and its UTF-16 code units. */
  readonly current: SharedArrayBuffer
}

/** What comes of one target, or of a problem. */
export type Report =
  | { readonly kind: 'target'; readonly name: string }
  | { readonly kind: 'problem'; readonly name: string; readonly input: string; readonly problem: string }
  | {
      readonly kind: 'done'
      readonly name: string
      readonly inputs: number
      readonly kept: number
      readonly blocks: number
    }

const orders = workerData as Orders
const report = (what: Report) => parentPort?.postMessage(what)
const counts = new Int32Array(orders.current, 0, 2)
const units = new Uint16Array(orders.current, 8)

function announce(input: string): void {
  for (let index = 0; index < input.length && index < units.length; index++) units[index] = input.charCodeAt(index)
  Atomics.store(counts, 1, Math.min(input.length, units.length))
  Atomics.add(counts, 0, 1)
}

function corpusOf({ name, seeds = [] }: Target): string[] {
  const folder = join(orders.corpus, name)
  const files = readdirSync(folder).sort()
  return [...files.map((file) => readFileSync(join(folder, file), 'utf8')), ...seeds]
}

const most = { kept: 400, problems: 5 }
const batchSize = 8

/** Changes what is known to reach new code, until the time is over. */
async function explore(target: Target, corpus: string[], { until, random, coverage }: Exploration): Promise<number> {
  const problems = new Set<string>()
  let inputs = 0
  const look = async (input: string) => {
    announce(input)
    inputs++
    const problem = await problemOf(target, input)
    const sort = problem?.slice(0, 60)
    if (problem === undefined || sort === undefined || problems.has(sort)) return
    problems.add(sort)
    report({ kind: 'problem', name: target.name, input, problem })
  }
  for (const input of [...corpus]) await look(input)
  coverage.grew()
  while (Date.now() < until && problems.size < most.problems) {
    const batch: string[] = []
    for (let index = 0; index < batchSize; index++) {
      const input = mutated(random.pick(corpus), random, corpus)
      const at = random(input.length + 1)
      const marked = random(3) === 0 ? input.slice(0, at) + canary + input.slice(at) : input
      await look(marked)
      batch.push(marked)
    }
    if (coverage.grew()) corpus.push(...batch)
    if (corpus.length > most.kept) corpus.splice(random(corpus.length), batchSize)
  }
  return inputs
}

interface Exploration {
  readonly until: number
  readonly random: Random
  readonly coverage: Coverage
}

/** Compares the times of n and 4n characters, for every piece of the dictionary as far as the time reaches. */
async function compare(
  target: Target,
  corpus: string[],
  { until, random }: Omit<Exploration, 'coverage'>,
): Promise<void> {
  const letters = ['a', 'A', '-', '_', '.a', 'eyJ-', ' \n', '\u00ff', '{"a":', '[[', '%41', 'a=b&', 'a;', '0\u0080']
  const pieces = [...dictionary.filter((piece) => piece !== ''), ...letters].sort(() => random(3) - 1)
  for (const piece of pieces) {
    if (Date.now() >= until) return
    const problem = await steepOf(target, piece, { random, corpus, announce })
    if (problem === undefined) continue
    report({ kind: 'problem', name: target.name, input: piece, problem })
    return
  }
}

const real = async () => [...(await keyTargets()), ...webTargets, ...(await fileTargets())]
const all = orders.planted ? plantedTargets : await real()
const targets = all.filter(({ name }) => orders.only === undefined || name === orders.only)
const share = (orders.seconds * 1000) / targets.length
for (const [index, target] of targets.entries()) {
  report({ kind: 'target', name: target.name })
  const random = randomOf(orders.seed + index)
  const start = Date.now()
  const corpus = corpusOf(target)
  const coverage = startCoverage('imskit-fuzz')
  const inputs = await explore(target, corpus, { until: start + share * 0.7, random, coverage })
  const blocks = coverage.size
  coverage.stop()
  await compare(target, corpus, { until: start + share, random })
  restore()
  report({ kind: 'done', name: target.name, inputs, kept: corpus.length, blocks })
}
process.exit(0)
