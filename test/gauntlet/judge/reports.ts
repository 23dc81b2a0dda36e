import { actorOf, example, type Issue, type Judge, partOf, type Scope, scopeOf } from './state.ts'

/** What clients say about themselves; `server` is the one that the client talks to. */
export type Report = { readonly server: string } & (
  | { readonly kind: 'stored'; readonly at: number; readonly accessToken: string }
  | { readonly kind: 'read'; readonly began: number; readonly tokens?: TokenPair }
  | { readonly kind: 'token'; readonly accessToken: string }
  | { readonly kind: 'failed'; readonly began: number; readonly code: string; readonly text: string }
  /** `waiting`: ms of its own running time that a call has been waiting. */
  | { readonly kind: 'status'; readonly calls: number; readonly waiting: number }
  | { readonly kind: 'text'; readonly text: string }
)

export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken?: string | undefined
}

/** ms that a call may wait: for the lock, then for its own renewal */
export const longestCall = 100_000

/** ms within which a call that began around a login may still say that nobody is signed in */
const loginSlack = 1_000

/** Takes a report of `actor`, a client of `part`. */
export function heard(judge: Judge, actor: string, report: Report): void {
  const scope = scopeOf(judge, `${partOf(actor)}@${report.server}`)
  if (report.kind === 'stored') stored(judge, scope, actor, report)
  else if (report.kind === 'read') read(judge, scope, actor, report)
  else if (report.kind === 'failed') failed(judge, scope, actor, report)
  else if (report.kind === 'text') searchSecrets(judge, scope, report.text)
  else if (report.kind === 'token') {
    if (judge.accessTokens.has(report.accessToken)) return
    scope.counts.torn++
    example(scope, `${actor} returned a token that no server issued`)
  } else {
    scope.counts.calls += report.calls
    if (report.waiting <= longestCall || hung.has(actor)) return
    hung.add(actor)
    scope.counts.hung++
    example(scope, `a call of ${actor} has been waiting for ${report.waiting} ms`)
  }
}

// one call is counted once
const hung = new Set<string>()

function stored(judge: Judge, scope: Scope, actor: string, { at, accessToken }: Report & { kind: 'stored' }): void {
  const issue = judge.accessTokens.get(accessToken)
  if (issue === undefined) return
  for (const { redemptions } of judge.refreshTokens.values())
    for (const redemption of redemptions)
      if (redemption.actor === actor && isSame(redemption.successor, issue)) redemption.storedAt ??= at
  if (isLater(issue, scope.stored)) scope.stored = { ...issue, at }
}

function read(judge: Judge, scope: Scope, actor: string, { began, tokens }: Report & { kind: 'read' }): void {
  const { stored, session } = scope
  const expected =
    stored !== undefined && stored.at < began && stored.session === session && session?.ended === undefined
  if (tokens === undefined) {
    if (!expected) return
    scope.counts.lostWrites++
    example(scope, `${actor} found no entry, ${began - stored.at} ms after generation ${stored.generation} was stored`)
    return
  }
  const access = tokens.accessToken === '' ? undefined : judge.accessTokens.get(tokens.accessToken)
  const refresh = tokens.refreshToken === undefined ? undefined : judge.refreshTokens.get(tokens.refreshToken)
  const issue = access ?? refresh
  if (issue === undefined || (access !== undefined && refresh !== undefined && !isSame(access, refresh))) {
    scope.counts.torn++
    example(scope, `${actor} read an entry that no server issued as a whole`)
  } else if (expected && isLater(stored, issue)) {
    scope.counts.lostWrites++
    const generations = `generation ${issue.generation}, ${began - stored.at} ms after ${stored.generation} was stored`
    example(scope, `${actor} read ${generations}`)
  }
}

function failed(judge: Judge, scope: Scope, actor: string, report: Report & { kind: 'failed' }): void {
  searchSecrets(judge, scope, report.text)
  // a login that no client has stored is nobody's session yet
  const { session, stored } = scope
  if (session === undefined || stored?.session !== session || report.began < stored.at) return
  const { failures } = scope.counts
  const times = (failures.get(report.code)?.times ?? 0) + 1
  failures.set(report.code, { times, text: report.text.split('\n')[0] ?? '' })
  if (report.code !== 'LOGIN_REQUIRED' || session.counted || report.began < session.loggedInAt + loginSlack) return
  if (actorOf(judge, actor).gone !== undefined) return
  session.counted = true
  if (session.ended === undefined) {
    scope.counts.lost++
    example(scope, `${actor} says that a login is required, though the session is alive: ${report.text.slice(0, 300)}`)
  } else if (session.ended.verdict.kind === 'double') scope.counts.lost++
  else scope.counts.excusedSessions++
}

/** Counts tokens in what a program prints, throws or emits. */
export function searchSecrets(judge: Judge, scope: Scope, text: string): void {
  for (const word of text.match(/[\w.~+/-]{24,}/g) ?? []) {
    if (!judge.accessTokens.has(word) && !judge.refreshTokens.has(word)) continue
    scope.counts.secrets++
    example(scope, `a token in: ${text.slice(0, 300)}`)
  }
}

function isSame(one: Issue | undefined, other: Issue): boolean {
  return one !== undefined && one.session === other.session && one.generation === other.generation
}

function isLater(one: Issue, other: Issue | undefined): boolean {
  if (other === undefined) return true
  if (one.session !== other.session) return one.session.loggedInAt > other.session.loggedInAt
  return one.generation > other.generation
}
