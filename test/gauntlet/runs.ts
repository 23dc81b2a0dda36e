import { setTimeout as sleep } from 'node:timers/promises'
import { destroying, harmless, type Rates } from './faults/wire.ts'
import { example, type Judge, newCounts, type Scope, scopeOf } from './judge/state.ts'
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
  if (settleSeconds > longestPause) await Promise.all(scopesOf(crew).map((scope) => renewsAgain(scope)))
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

/** Seconds within which tokens of 5 s are renewed if nothing keeps their clients from it. */
const longestPause = 20

function scopesOf({ judge, parts, fronts }: Crew): Scope[] {
  return parts.flatMap(({ name }) => fronts.map(({ engine }) => scopeOf(judge, `${name}@${engine.name}`)))
}

/** Whatever happened, clients recover once it is over: a lock that nobody gives back hangs all of them. */
async function renewsAgain(scope: Scope): Promise<void> {
  const { redemptions } = scope.counts
  for (let waited = 0; waited < longestPause; waited++) {
    if (scope.counts.redemptions > redemptions) return
    await sleep(1_000)
  }
  scope.counts.hung++
  example(scope, `no client renewed within ${longestPause} s after everything was put right`)
}

/** A call may wait for its documented time and no longer; the judge counts those that wait longer as hung. */
async function settled(crew: Crew, seconds: number): Promise<void> {
  await signInAgain(crew)
  const since = Date.now()
  const older = () => crew.parts.some((part) => part.waiting() > Math.max(1_000, Date.now() - since))
  while (older() && Date.now() < since + seconds * 1000) await sleep(250)
}
