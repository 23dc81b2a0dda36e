import { assembleClient, type Client, type LoginClient } from '../../src/core/client.ts'
import { isImsError } from '../../src/core/errors.ts'
import { epoch } from './clock.ts'
import { flowOf, redirectUri } from './flow.ts'
import { count } from './history.ts'
import type { Entry } from './medium.ts'
import type { Process } from './scheduler.ts'
import type { Family } from './server.ts'
import { endpoint, type World } from './world.ts'

/** A client at its place in a process. */
export interface Actor {
  readonly name: string
  readonly process: Process
  readonly client: Client | LoginClient
  readonly tokenKey: () => Promise<string>
  closed: boolean
  /** When a sign-out of this client last began or ended. */
  signedOutAt: number
  /** Calls that have not settled, and since when what they wait for may have been under way. */
  readonly open: Set<Call>
}

export interface Call {
  readonly what: string
  readonly actor: Actor
  readonly since: number
}

export function createActor(world: World, process: Process, { name, first }: { name: string; first: string }): Actor {
  const { client, session } = assembleClient({
    flow: flowOf(world.plan, first),
    endpoint,
    ...world.platformOf(process),
    onEvent: (event) => world.history.add(name, () => `event ${JSON.stringify(event)}`),
  })
  return {
    name,
    process,
    client,
    tokenKey: session.state.setup.tokenKey,
    closed: false,
    signedOutAt: Number.NEGATIVE_INFINITY,
    open: new Set(),
  }
}

/** Runs `work` as one call of `actor`; what it says about the result goes into the history. */
function calls(world: World, actor: Actor, what: string, work: (call: Call) => Promise<unknown>): void {
  if (actor.process.state === 'gone') return
  const { scheduler, history, counts } = world
  const since = Math.min(scheduler.now(), ...[...actor.open].map((call) => call.since))
  const call: Call = { what, actor, since }
  actor.open.add(call)
  count(counts, 'calls')
  history.add(actor.name, () => `calls ${what}`)
  const settled = (how: string) => {
    actor.open.delete(call)
    history.add(actor.name, () => `${what} ${how}`)
  }
  work(call).then(
    (value) => settled(`→ ${String(value ?? 'done')}`),
    (error: unknown) => settled(`✗ ${isImsError(error) ? error.code : String(error)}`),
  )
}

export interface Wish {
  readonly force?: boolean
  readonly minValidity?: number
}

/** Asks for a token, and judges what comes of it. */
export function asks(world: World, actor: Actor, wish: Wish | undefined): void {
  const { scheduler, server, judge, plan, counts } = world
  const clockOf = () => epoch + scheduler.now() + actor.process.wallOffset
  calls(world, actor, `getToken(${wish ? JSON.stringify(wish) : ''})`, async (call) => {
    try {
      const token = await actor.client.getToken(wish)
      count(counts, 'tokens returned')
      // while a process stands still, or a lock is slow to be released, a good token may expire
      if (server.expiry(token) < call.since && !plan.allowed.has('clock'))
        judge.violation(`${actor.name} got ${token}, which has expired`)
      return token
    } catch (error) {
      judgeFailure(world, call, { error, wish, clock: clockOf() })
      throw error
    }
  })
}

function judgeFailure(world: World, call: Call, failure: Failure): void {
  const { error } = failure
  const named = isImsError(error) ? error.code : String(error)
  count(world.counts, `failed calls: ${named}`)
  if (call.actor.closed) return
  const wrong = whatIsWrong(world, call, failure)
  if (wrong !== undefined) world.judge.violation(`${call.actor.name}: ${call.what} fails with ${named}, ${wrong}`)
}

interface Failure {
  readonly error: unknown
  readonly wish: Wish | undefined
  /** The client's wall clock. */
  readonly clock: number
}

function whatIsWrong(
  { judge, plan, medium, server, userActedAt }: World,
  { actor, since }: Call,
  failure: Failure,
): string | undefined {
  const { error, wish, clock } = failure
  const seen = judge.evidence(actor.process)
  if (!isImsError(error)) return 'which is no error of the library'
  if (error.name === 'LoginRequiredError') {
    if (plan.flow === 'clientCredentials') return 'though no user is needed'
    const refused = seen.refusedAt >= since || seen.refused.has(medium.entry()?.refreshToken ?? '')
    const empty = plan.flow === 'login' ? seen.nothingAt >= since : seen.refused.size > 0
    // what the store could not forget is over all the same
    const left = medium.entry()?.refreshToken
    const signedOut = left !== undefined && server.familyOf(left)?.revoked !== undefined
    const leaving = actor.signedOutAt >= since
    const nothing = empty || seen.unrenewableAt >= since || signedOut || leaving
    return refused || nothing ? undefined : 'though IMS refused nothing and the store did not say that there is nothing'
  }
  // a machine is told what was wrong with the answer
  if (plan.flow === 'clientCredentials' && error.name === 'ImsResponseError') return undefined
  if (error.name !== 'UnavailableError') return 'though nothing but an outage has happened'
  const { latest } = seen
  // an older token that was read before is not returned any more
  const valid = latest?.entry !== undefined && latest.at >= since && isValid(latest.entry, clock) ? latest : undefined
  // what was read before the user signed out is not returned any more, and what one call has read is not another's
  // nor is what one client of a process has read another's
  const alone = plan.clients <= plan.setting.processes
  const comparable = alone && !wish?.force && userActedAt < since && seen.unreadableAt < since
  if (comparable && valid !== undefined) return `though ${valid.entry?.accessToken} was read and is valid`
  const machine = plan.flow === 'clientCredentials' && !plan.allowed.has('network')
  return machine && seen.troubleAt < since ? 'though a machine needs nothing but IMS' : undefined
}

/** Whether a token has not expired, by a clock that has not been put back since it was obtained. */
function isValid({ accessToken, expiresAt, obtainedAt = 0 }: Entry, clock: number): boolean {
  return accessToken !== '' && expiresAt > clock && obtainedAt <= clock + 60_000
}

/** The user signs out here. */
export function leaves(world: World, actor: Actor, how: 'forget' | 'logout'): void {
  const { families, leaving } = world
  const excuse = () => {
    world.userActedAt = world.scheduler.now()
    actor.signedOutAt = world.userActedAt
    for (const family of families) family.excuse ??= 'the user signed out'
  }
  calls(world, actor, how, async () => {
    excuse()
    leaving.set(actor.process, (leaving.get(actor.process) ?? 0) + 1)
    try {
      if (how === 'forget') await actor.client.forget()
      else if ('logout' in actor.client) await actor.client.logout()
      else await actor.client.invalidate()
    } finally {
      leaving.set(actor.process, (leaving.get(actor.process) ?? 1) - 1)
      excuse()
    }
  })
}

/** The user signs in here: to IMS and back. */
export function signsIn(world: World, actor: Actor): void {
  const { client } = actor
  if (!('startLogin' in client)) return
  calls(world, actor, 'startLogin and finishLogin', async () => {
    const url = await client.startLogin()
    const { code, family } = world.server.login()
    const others = (excuse: string) => {
      world.userActedAt = world.scheduler.now()
      for (const other of world.families) if (other !== family) other.excuse ??= excuse
    }
    others('the user signed in again')
    world.families.push(family)
    try {
      await client.finishLogin(`${redirectUri}?code=${code}&state=${url.searchParams.get('state')}`)
      family.pending = false
      if (world.families.some(({ pending }) => pending)) family.excuse ??= 'another login was under way'
    } finally {
      others('the user signed in again')
    }
  })
}

export function closes({ history }: World, actor: Actor): void {
  history.add(actor.name, () => 'is closed')
  actor.closed = true
  actor.client.close()
}

/** The session that must still be there now, if there is one. */
export function expected({ families, judge }: World): Family | undefined {
  const last = families.at(-1)
  return last === undefined || last.pending || judge.excuseOf(last) !== undefined ? undefined : last
}
