import {
  actorOf,
  example,
  type Judge,
  overlaps,
  partOf,
  type Redemption,
  type Session,
  scopeOf,
  type Verdict,
} from './state.ts'

/** A request as a server sees it. */
export interface Presented {
  readonly scope: string
  readonly actor: string
  readonly refreshToken: string
  readonly sentAt: number
  readonly noteAt: number
}

/** What a server issued. */
export interface Issued {
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/** ms between the last check of a client and its `fetch` that a stop may fall into unseen */
const checkToSend = 150

/** ms after which an answer that nobody stored is given up */
const longestUnstored = 30_000

/** A login: the scope's clients have a new session. */
export function loggedIn(judge: Judge, scope: string, issued: Issued): void {
  const session: Session = { scope, loggedInAt: Date.now() }
  scopeOf(judge, scope).session = session
  register(judge, issued, { session, generation: 0 })
}

/** A refresh token is about to be redeemed. A second redemption of it is judged here. */
export function present(judge: Judge, presented: Presented): Redemption {
  const { refreshToken, ...rest } = presented
  const scope = scopeOf(judge, presented.scope)
  const redemption: Redemption = { ...rest, arrivedAt: Date.now(), outcome: 'pending' }
  const known = judge.refreshTokens.get(refreshToken)
  scope.counts.redemptions++
  if (known === undefined) {
    scope.counts.torn++
    example(scope, `${presented.actor} redeemed a refresh token that no server issued`)
    return redemption
  }
  const last = known.redemptions.findLast(({ outcome }) => outcome !== 'refused')
  known.redemptions.push(redemption)
  if (last === undefined || known.session.ended !== undefined) return redemption
  const verdict = judgeSecond(judge, last, redemption)
  known.session.ended = { at: redemption.arrivedAt, verdict }
  if (verdict.kind === 'double') scope.counts.doubles++
  else if (verdict.kind === 'residual') scope.counts.residual++
  else scope.counts.excused++
  if (verdict.kind === 'double') example(scope, describe(judge, last, redemption, known.generation))
  return redemption
}

/** The server's answer to it; `undefined` if it refused. */
export function answered(judge: Judge, redemption: Redemption, refreshToken: string, issued: Issued | undefined): void {
  const known = judge.refreshTokens.get(refreshToken)
  redemption.outcome = issued === undefined ? 'refused' : 'answered'
  if (issued === undefined || known === undefined) return
  redemption.successor = { session: known.session, generation: known.generation + 1 }
  register(judge, issued, redemption.successor)
}

/** Whether the harness may do something to clients without destroying this answer. */
export function isSettled(judge: Judge, redemption: Redemption): boolean {
  const { outcome, storedAt, destroyed, successor, arrivedAt, scope } = redemption
  if (outcome === 'refused' || storedAt !== undefined || destroyed !== undefined) return true
  if (judge.actors.get(redemption.actor)?.gone !== undefined || Date.now() - arrivedAt > longestUnstored) return true
  const { session } = scopeOf(judge, scope)
  return successor !== undefined && (successor.session !== session || session.ended !== undefined)
}

function register(
  judge: Judge,
  { accessToken, refreshToken }: Issued,
  issue: { session: Session; generation: number },
) {
  judge.accessTokens.set(accessToken, issue)
  if (refreshToken !== undefined) judge.refreshTokens.set(refreshToken, { ...issue, redemptions: [] })
}

function judgeSecond(judge: Judge, first: Redemption, second: Redemption): Verdict {
  if (first.storedAt === undefined) {
    const why = first.destroyed ?? destroyedBy(judge, first, second)
    if (why !== undefined) return { kind: 'excused', why }
  }
  const stoppedOnTheWay = [first, second].some(({ actor, sentAt, arrivedAt }) =>
    actorOf(judge, actor).stopped.some((stop) => overlaps(stop, sentAt - checkToSend, arrivedAt)),
  )
  return stoppedOnTheWay ? { kind: 'residual' } : { kind: 'double' }
}

/** How the harness kept the first client from storing its answer, if it did. */
function destroyedBy(judge: Judge, first: Redemption, second: Redemption): string | undefined {
  const { gone, offline } = actorOf(judge, first.actor)
  if (gone !== undefined) return gone.why
  const until = second.arrivedAt
  if (offline.some((interval) => overlaps(interval, first.arrivedAt, until))) return 'offline'
  // a client that could not write its note must not have sent anything
  const faults = judge.diskFaults.get(partOf(first.actor)) ?? []
  const prevented = faults.some(
    (fault) => first.noteAt < fault.from && first.noteAt > 0 && overlaps(fault, first.noteAt, until),
  )
  return prevented ? 'disk' : undefined
}

function describe(judge: Judge, first: Redemption, second: Redemption, generation: number): string {
  const ago = (at: number | undefined) => (at === undefined ? 'never' : `${second.arrivedAt - at} ms before`)
  const stops = actorOf(judge, first.actor).stopped.slice(-2)
  const faults = [...judge.diskFaults.values()]
    .flat()
    .filter((fault) => overlaps(fault, first.arrivedAt - 5000, second.arrivedAt))
  return [
    `generation ${generation} redeemed by ${first.actor} (sent ${ago(first.sentAt)}, noted ${ago(first.noteAt || undefined)},`,
    `stored ${ago(first.storedAt)}, ${first.outcome}) and again by ${second.actor}`,
    ...stops.map(({ from, to }) => `; the first was stopped ${ago(from)} until ${ago(Math.min(to, second.arrivedAt))}`),
    ...faults.map(({ from, to }) => `; disk fault ${ago(from)} until ${ago(Math.min(to, second.arrivedAt))}`),
  ].join(' ')
}
