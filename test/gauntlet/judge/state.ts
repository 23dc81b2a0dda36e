/** From `from` to `to`, in ms since the epoch; still open while `to` is infinite. */
export interface Interval {
  readonly from: number
  to: number
}

/** A login at a server, and every token that came of it. */
export interface Session {
  readonly scope: string
  readonly loggedInAt: number
  /** Why the server has revoked it. */
  ended?: { readonly at: number; readonly verdict: Verdict }
  /** Whether a client has said that it is lost. */
  counted?: true
}

/** One answer of a server: an access token and the refresh token that came with it. */
export interface Issue {
  readonly session: Session
  readonly generation: number
}

/** What a second redemption of one refresh token amounts to. */
export type Verdict =
  | { readonly kind: 'double' }
  | { readonly kind: 'excused'; readonly why: string }
  | { readonly kind: 'residual' }

/** A refresh token that reached a server. */
export interface Redemption {
  readonly scope: string
  readonly actor: string
  /** When the client handed the request to `fetch`, by its own word. */
  readonly sentAt: number
  /** When the client last wrote its note of a renewal; 0 if it wrote none. */
  readonly noteAt: number
  readonly arrivedAt: number
  /** `refused`: the server did not consume the refresh token. */
  outcome: 'pending' | 'answered' | 'refused'
  /** What the harness did to the answer. */
  destroyed?: string
  successor?: Issue
  storedAt?: number
}

/** One incarnation of a tab, a process or an isolate. */
export interface Actor {
  gone?: { readonly at: number; readonly why: string }
  readonly offline: Interval[]
  readonly stopped: Interval[]
}

export interface Counts {
  doubles: number
  excused: number
  excusedSessions: number
  residual: number
  lost: number
  lostWrites: number
  torn: number
  secrets: number
  hung: number
  leaked: number
  /** What the zeros are worth. */
  calls: number
  redemptions: number
  /** By code: how often, and the last one in words. */
  readonly failures: Map<string, { readonly times: number; readonly text: string }>
  /** The first few violations, for a reader. */
  readonly examples: string[]
}

/** One part at one server, such as `tabs@oidc-provider`: its clients share one session and one store. */
export interface Scope {
  readonly name: string
  counts: Counts
  session?: Session
  stored?: Issue & { readonly at: number }
}

export interface Judge {
  readonly scopes: Map<string, Scope>
  readonly refreshTokens: Map<string, Issue & { readonly redemptions: Redemption[] }>
  readonly accessTokens: Map<string, Issue>
  readonly actors: Map<string, Actor>
  /** Of a part: when its disk was full, read-only or unreadable. */
  readonly diskFaults: Map<string, Interval[]>
}

export function createJudge(): Judge {
  return {
    scopes: new Map(),
    refreshTokens: new Map(),
    accessTokens: new Map(),
    actors: new Map(),
    diskFaults: new Map(),
  }
}

export function newCounts(): Counts {
  const zeros = { doubles: 0, excused: 0, excusedSessions: 0, residual: 0, lost: 0, lostWrites: 0, torn: 0 }
  const more = { secrets: 0, hung: 0, leaked: 0, calls: 0, redemptions: 0 }
  return { ...zeros, ...more, failures: new Map(), examples: [] }
}

export function scopeOf(judge: Judge, name: string): Scope {
  const known = judge.scopes.get(name)
  if (known !== undefined) return known
  const scope = { name, counts: newCounts() }
  judge.scopes.set(name, scope)
  return scope
}

export function actorOf(judge: Judge, name: string): Actor {
  const known = judge.actors.get(name)
  if (known !== undefined) return known
  const actor: Actor = { offline: [], stopped: [] }
  judge.actors.set(name, actor)
  return actor
}

/** Opens an interval; the function returned closes it. */
export function openInterval(list: Interval[], from = Date.now()): () => void {
  const interval = { from, to: Number.POSITIVE_INFINITY }
  list.push(interval)
  return () => {
    interval.to = Date.now()
  }
}

export function overlaps({ from, to }: Interval, begin: number, end: number): boolean {
  return from <= end && to >= begin
}

export function example({ counts }: Scope, text: string): void {
  if (counts.examples.length < 8) counts.examples.push(text)
}

/** The part that a client belongs to: it is named after it, such as `tabs-3.1`. */
export function partOf(actor: string): string {
  return actor.slice(0, Math.max(0, actor.lastIndexOf('-')))
}
