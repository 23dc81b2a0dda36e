import type { Json } from '../../src/core/ports.ts'
import type { GetTokenOptions } from '../../src/core/session/session.ts'
import { type Actor, asks, closes, createActor, expected, leaves, signsIn } from './actors.ts'
import { epoch } from './clock.ts'
import { type Counts, count } from './history.ts'
import type { Plan } from './plan.ts'
import { seedCrypto } from './random.ts'
import { createWorld, type World } from './world.ts'

export interface Result {
  readonly violations: readonly string[]
  readonly history: readonly string[]
}

const minute = 60_000
/** After the last fault every call settles within this time. */
const patience = 15 * minute
const mostSteps = 20_000

/** One run: clients call, things go wrong, and in the end the session must still be there. */
export async function run(plan: Plan, options: { counts?: Counts; kept?: boolean } = {}): Promise<Result> {
  const { counts = new Map(), kept = false } = options
  seedCrypto(plan.seed)
  const world = createWorld(plan, { counts, kept })
  const { scheduler, judge, faults, history } = world
  const first = firstSession(world)
  const actors = await cast(world, first)
  const lastCall = script(world, actors)
  const end = lastCall + 2 * minute
  while ((await scheduler.step(end)) && !tooMany(world)) if (scheduler.now() > lastCall && !waiting(actors)) break
  faults.heal()
  history.add('world', () => 'everything works from here on')
  const settled = await settle(world, actors)
  if (settled && judge.violations.length === 0) await last(world, first)
  count(counts, 'runs')
  count(counts, 'steps', scheduler.steps)
  return { violations: judge.violations, history: history.lines }
}

const waiting = (actors: readonly Actor[]) =>
  actors.some(({ open, process }) => open.size > 0 && process.state !== 'gone')

function tooMany({ scheduler, judge }: World): boolean {
  if (scheduler.steps < mostSteps) return false
  judge.violation(`there is no end to it after ${mostSteps} steps`)
  return true
}

/** A session that began before the run: its tokens as IMS answered them. */
function firstSession(world: World): Record<string, unknown> {
  if (world.plan.flow === 'clientCredentials') return {}
  const { family } = world.server.login()
  family.pending = false
  world.families.push(family)
  const tokens = world.server.tokensOf(family)
  if (world.plan.flow === 'refreshToken') world.judge.begins(String(tokens.refresh_token))
  return tokens
}

/** The clients, which share a store with the tokens of a session. Those of a process that crashed come back in a new one. */
async function cast(world: World, first: Record<string, unknown>): Promise<Actor[]> {
  const { plan, scheduler, random, server, medium, history } = world
  const refreshToken = String(first.refresh_token ?? 'none')
  let made = 0
  const processes = Array.from({ length: plan.setting.processes }, () => scheduler.newProcess(`P${++made}`))
  const nameOf = (place: number) => `client ${'ABC'[place]}`
  const actors = Array.from({ length: plan.clients }, (_, place) => {
    const process = processes[place % processes.length] as (typeof processes)[number]
    return createActor(world, process, { name: nameOf(place), first: refreshToken })
  })
  world.onCrash((gone) => {
    const process = scheduler.newProcess(`P${++made}`)
    scheduler.after(random.below(5_000), () => {
      history.add(process.name, () => `starts in place of ${gone.name}`)
      for (const [place, actor] of actors.entries())
        if (actor.process === gone)
          actors[place] = createActor(world, process, { name: nameOf(place), first: refreshToken })
    })
  })
  if (plan.flow === 'login') {
    const key = (await actors[0]?.tokenKey()) ?? ''
    const left = random.pick([-minute, 0, 5_000, server.lifetime / 3, server.lifetime])
    const entry = {
      accessToken: String(first.access_token),
      expiresAt: epoch + Math.min(left, server.expiry(String(first.access_token)) - scheduler.now()),
      obtainedAt: epoch + left - server.lifetime,
      refreshToken,
    }
    medium.write(key, entry as Json)
  }
  return actors
}

/** What the clients are asked to do, and when. @returns when the last call begins */
function script(world: World, actors: readonly Actor[]): number {
  const { plan, random, scheduler, server } = world
  let at = 0
  for (let call = 0; call < plan.calls; call++) {
    const place = random.below(plan.clients)
    const kind = random.next()
    const act = actOf(world, kind, random.pick([0, 1_000, server.lifetime * 0.7, server.lifetime * 2]))
    scheduler.after(at, () => {
      const actor = actors[place] as Actor
      // while a process stands still, nobody asks it for anything
      scheduler.within(actor.process, 0, () => act(actors[place] as Actor))
    })
    const pauses = [0, 0, 0, random.below(50), random.below(3_000), random.below(30_000)]
    if (call < plan.calls - 1) at += random.pick([...pauses, server.lifetime * 0.6, server.lifetime * 1.05])
  }
  return at
}

function actOf(world: World, kind: number, minValidity: number): (actor: Actor) => void {
  if (kind < 0.58) return (actor) => asks(world, actor, undefined)
  if (kind < 0.74) return (actor) => asks(world, actor, { force: true })
  if (kind < 0.82) return (actor) => asks(world, actor, { minValidity })
  if (kind < 0.88)
    return (actor) => {
      for (const wish of [undefined, { force: true }, undefined]) asks(world, actor, wish)
    }
  if (kind < 0.91) return (actor) => leaves(world, actor, 'forget')
  if (kind < 0.94) return (actor) => leaves(world, actor, 'logout')
  if (kind < 0.98) return (actor) => signsIn(world, actor)
  return (actor) => closes(world, actor)
}

/** Every call comes to its end once everything works. */
async function settle(world: World, actors: readonly Actor[]): Promise<boolean> {
  const { scheduler, judge } = world
  const until = scheduler.now() + patience
  while (waiting(actors) && !tooMany(world) && (await scheduler.step(until)));
  for (const { open, process, name } of actors)
    if (process.state !== 'gone') for (const { what } of open) judge.violation(`${name}: ${what} hangs`)
  return judge.violations.length === 0
}

/** Somebody comes back later: whose session nothing has destroyed is still signed in. */
async function last(world: World, first: Record<string, unknown>): Promise<void> {
  const { scheduler, judge, server, history } = world
  // what was given up may still be under way
  const calm = scheduler.now() + 5 * minute
  while (!tooMany(world) && (await scheduler.step(calm)));
  for (const what of world.left()) judge.violation(`${what} is left`)
  const family = expected(world)
  const visitor = createActor(world, scheduler.newProcess('last'), {
    name: 'visitor',
    first: String(first.refresh_token ?? 'none'),
  })
  let token: string | undefined
  const watching = { ...visitor, client: watched(visitor, (found) => (token = found)) }
  scheduler.within(visitor.process, 0, () => asks(world, watching, { force: true }))
  history.add('world', () => (family ? `${family.name} must still be there` : 'the session may be gone'))
  await scheduler.step(scheduler.now())
  await settle(world, [visitor])
  if (family !== undefined && (token === undefined || server.familyOf(token) !== family))
    judge.violation(`${family.name} is lost, and nothing excuses it`)
}

function watched({ client }: Actor, got: (token: string) => void): Actor['client'] {
  const getToken = async (options?: GetTokenOptions) => {
    const token = await client.getToken(options)
    got(token)
    return token
  }
  return { ...client, getToken }
}
