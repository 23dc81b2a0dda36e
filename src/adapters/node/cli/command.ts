/** How the shell completes an argument or the value of an option. */
export type Completes = 'context' | 'file' | readonly string[]

export interface Argument {
  readonly name: string
  readonly about: string
  readonly required?: boolean
  /** Whether it takes all further arguments. */
  readonly rest?: boolean
  readonly completes?: Completes
}

export interface Option {
  readonly about: string
  /** The name of its value; a switch has none. */
  readonly value?: string
  readonly short?: string
  readonly many?: boolean
  readonly completes?: Completes
}

/** The options of a command line, by name. */
export type OptionValues = Readonly<Record<string, string | boolean | string[] | undefined>>

/** The input of a command. */
export interface Invocation {
  readonly args: readonly string[]
  readonly values: OptionValues
  /** All commands. */
  readonly commands: readonly Command[]
}

/** Resolves to the exit code; `undefined` means 0. */
export type Run = (invocation: Invocation) => Promise<number | undefined>

/** One command. Parsing, help, completion and the documentation are derived from it. */
export interface Command {
  /** One or two words. */
  readonly name: string
  readonly summary: string
  readonly details?: string
  readonly args: readonly Argument[]
  readonly options: Readonly<Record<string, Option>>
  readonly example: string
  /** Imports the module that implements it, so that a command loads only its own code. */
  readonly load: () => Promise<Run>
}

/** Invalid arguments: exit code 2, with the usage. */
export class UsageError extends Error {}
