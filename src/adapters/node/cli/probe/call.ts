import type { Facts, ProbeAnswer, Show } from './facts.ts'

/** Results of earlier calls that later calls need. */
export interface ProbeProgress {
  keys: readonly object[]
  token?: string
  revoked?: boolean
  /** Tokens that were issued where a refusal was expected. */
  readonly unexpected: string[]
}

export interface ProbeRequest {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Makes it a POST. */
  readonly form?: Readonly<Record<string, string>>
}

/** One request to IMS. */
export interface ProbeCall {
  /** Its name in the expectations. */
  readonly name: string
  /** Describes the request to the user, who must consent first. */
  readonly about: string
  /** Needs the token that was requested before. */
  readonly needsToken?: boolean
  /** Whether it revokes the token: then it is sent after an interruption as well. */
  readonly revokes?: boolean
  /** The request; `undefined` to skip it. */
  readonly request: (progress: ProbeProgress) => ProbeRequest | undefined | Promise<ProbeRequest>
  /** The facts of the answer, in addition to its status and error. */
  readonly read?: (answer: ProbeAnswer, show: Show, progress: ProbeProgress) => Facts
}

/** A name that no client, code or scope has. */
export const unknownName = 'imskit-probe-unknown'
