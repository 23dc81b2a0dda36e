import { setTimeout as sleep } from 'node:timers/promises'
import { destroying, harmless, type Rates } from './faults/wire.ts'
import { type Judge, newCounts, scopeOf } from './judge/state.ts'
import type { Part } from './parts/part.ts'
import type { Front } from './server/front.ts'
import type { Row } from './table.ts'

export interface Run {
  readonly name: string
  /** Whether no answer is destroyed. */
  readonly gentle: boolean
  readonly seconds: number
  /** How long calls under way are waited for afterwards. */
  readonly settleSeconds: number
  /** Instead of those that fit. */
  readonly rates?: Rates
}

export interface Crew {
  readonly judge: Judge
  readonly fronts: readonly Front[]
  readonly parts: readonly Part[]
}

const lap = (what: string) => {
  if (process.env.GAUNTLET_DEBUG) console.error(`${what} ${new Date().toISOString()}`)
}

/** Disturbs everything for a while, then waits until all is quiet. */
export async function run(crew: Crew, asked: Run): Promise<Row[]> {
  const { name, gentle, seconds, settleSeconds, rates = gentle ? harmless : destroying } = asked
  const { judge, fronts, parts } = crew
  for (const scope of judge.scopes.values()) scope.counts = newCounts()
  for (const front of fronts) {
    front.gentle = gentle
    front.onAnswer = gentle ? undefined : (actor) => killAtAnswer(parts, actor)
  }
  await signInAgain(crew)
  const until = Date.now() + seconds * 1000
  for (const front of fronts) front.rates = rates
  lap('signed in')
  await Promise.all([...parts.map((part) => keepDisturbing(part, gentle, until)), keepSignedIn(crew, until)])
  for (const front of fronts) {
    front.rates = {}
    front.onAnswer = undefined
  }
  lap('faults off')
  for (const part of parts) await part.calm()
  lap('calm')
  await settled(crew, settleSeconds)
  lap('settled')
  return parts.flatMap(({ name: part, countsHandles }) =>
    fronts.map(({ engine }) => {
      const scope = `${part}@${engine.name}`
      return { run: name, scope, counts: scopeOf(judge, scope).counts, countsHandles }
    }),
  )
}

/** The moment in which an answer is most easily lost. */
function killAtAnswer(parts: readonly Part[], actor: string): void {
  if (Math.random() < 0.03) for (const part of parts) part.kill(actor)
}

async function keepDisturbing(part: Part, gentle: boolean, until: number): Promise<void> {
  while (Date.now() < until) {
    await part.disturb(gentle)
    await sleep(Math.min(300 + Math.random() * 1_200, Math.max(0, until - Date.now())))
  }
}

async function keepSignedIn(crew: Crew, until: number): Promise<void> {
  while (Date.now() < until) {
    await sleep(Math.min(500, Math.max(0, until - Date.now())))
    await signInAgain(crew, 2_000)
  }
}

/** Where a session was lost, or has not begun; clients are given a moment to notice. */
async function signInAgain({ judge, parts, fronts }: Crew, notice = 0): Promise<void> {
  for (const part of parts)
    for (const front of fronts) {
      const { session, stored } = scopeOf(judge, `${part.name}@${front.engine.name}`)
      const old = (at: number | undefined) => at !== undefined && at + notice < Date.now()
      const unstored = stored?.session !== session && old(session?.loggedInAt)
      if (session !== undefined && !session.counted && !old(session.ended?.at) && !unstored) continue
      await part.signIn(front).catch((error) => {
        if (process.env.GAUNTLET_DEBUG) console.error(`${part.name}@${front.engine.name}: ${error}`)
      })
    }
}

/** A call may wait for its documented time and no longer; the judge counts those that wait longer as hung. */
async function settled(crew: Crew, seconds: number): Promise<void> {
  await signInAgain(crew)
  const since = Date.now()
  const older = () => crew.parts.some((part) => part.waiting() > Math.max(1_000, Date.now() - since))
  while (older() && Date.now() < since + seconds * 1000) await sleep(250)
}
