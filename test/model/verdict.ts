import type { Entry } from './medium.ts'
import type { Process } from './scheduler.ts'
import type { Family, Outcome } from './server.ts'

/** One request that redeems a refresh token. */
export interface Attempt {
  readonly process: Process
  /** `undefined`: the request is none of a refresh token. */
  readonly token: string | undefined
  readonly sentAt: number
  /** The process stood still between its last check and the first byte of the request. */
  readonly heldUp: boolean
  /** ms that the process had been stopped by then. */
  readonly stoppedBefore: number
  outcome?: Outcome
  /** The access token of the answer. */
  successor?: string
  /** What destroyed the answer. */
  destroyed?: string
  arrivedAt?: number
  deliveredAt?: number
  abortedAt?: number
  /** When the process began to store the successor, and what became of it. */
  storingAt?: number
  write?: 'stored' | 'failed'
  storedAt?: number
  /** The store could not be read after the answer. */
  unreadableAt?: number
}

/** What one process has seen, as evidence for what it says. */
export interface Evidence {
  /** When it last read that nothing is stored, or nothing that could be renewed. */
  nothingAt: number
  unrenewableAt: number
  /** The holding that wrote the last note, if it could be written. */
  noted: string | undefined
  /** When it last could not read the tokens. */
  unreadableAt: number
  /** When IMS last refused a token. */
  refusedAt: number
  readonly refused: Set<string>
  /** What the last answer of the store said, and when the store said it. */
  last: { readonly at: number; readonly entry: Entry | undefined } | undefined
  /** When it last had an answer of IMS, or lost one, that was no success. */
  troubleAt: number
  /** What it has read last in time, and when. */
  latest: { readonly at: number; readonly entry: Entry | undefined } | undefined
}

export interface Judge {
  /** @param heldUp the process stood still between its last check and the first byte of the request */
  sent(process: Process, request: { pathname: string; form: URLSearchParams; heldUp: boolean }): Attempt
  handled(attempt: Attempt, outcome: Outcome, destroyed: string | undefined): void
  inSocket(attempt: Attempt): void
  delivered(attempt: Attempt): void
  aborted(attempt: Attempt): void
  /** The process has the store's answer of the moment `lookedAt`. */
  read(process: Process, entry: Entry | undefined, look: { lookedAt: number; inTime: boolean }): void
  /** A write or removal has landed on `entry` long after its process had given it up. */
  replacedLate(entry: Entry | undefined): void
  /** It has read that IMS refuses the token that the credential brought, or that its session was signed out. */
  readRefusal(process: Process): void
  unreadable(process: Process): void
  /** A note of the holding `by` was written before a redemption, or could not be. */
  noted(process: Process, by: string, written: boolean): void
  storing(process: Process, entry: Entry): { stored(): void; failed(): void }
  /** The refresh token that a credential brings along. */
  begins(token: string): void
  /** The store has forgotten the session for a sign-out or a new login. */
  ended(family: Family): void
  hasEnded(family: Family): boolean
  evidence(process: Process): Evidence
  /** Why the loss of this session is nobody's fault. */
  excuseOf(family: Family): string | undefined
  violation(text: string): void
  readonly violations: readonly string[]
}
