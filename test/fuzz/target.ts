/** A parser, and what may come of it. */
export interface Target {
  /** The name of its folder in the corpus. */
  readonly name: string
  /** More to start from than the files of its folder, such as keys and tokens made for this run. */
  readonly seeds?: readonly string[]
  /** Parses `input`; throws {@link Wrong} if the result is one that it must not have. */
  run(input: string): unknown
  /** Whether an error may be of this kind; default: those of the package alone. */
  allows?(error: unknown): boolean
  /** Whether what it parses is secret, so that no error may quote it. Default: `true`. */
  readonly secret?: boolean
}

/** A result that a parser must not have. */
export class Wrong extends Error {}

export function must(holds: boolean, what: string): void {
  if (!holds) throw new Wrong(what)
}
