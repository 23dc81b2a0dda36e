import type { OptionValues } from './parse.ts'

/** What the shell may complete an argument or an option's value to. */
export type Completes = 'context' | 'file' | readonly string[]

export interface Argument {
  readonly name: string
  readonly about: string
  readonly required?: boolean
  /** Takes all that follow. */
  readonly rest?: boolean
  readonly completes?: Completes
}

export interface Option {
  readonly about: string
  /** What its value is called; a switch has none. */
  readonly value?: string
  readonly short?: string
  readonly many?: boolean
  readonly completes?: Completes
}

/** What a command is given. */
export interface Invocation {
  readonly args: readonly string[]
  readonly values: OptionValues
  /** All commands there are. */
  readonly commands: readonly Command[]
}

/** Resolves to the exit code; nothing stands for 0. */
export type Run = (invocation: Invocation) => Promise<number | undefined>

/** One command: parsing, help, completion and the documentation come from here. */
export interface Command {
  /** One or two words. */
  readonly name: string
  readonly summary: string
  readonly details?: string
  readonly args: readonly Argument[]
  readonly options: Readonly<Record<string, Option>>
  readonly example: string
  /** Loads what does the work; a command pays for no other. */
  readonly load: () => Promise<Run>
}

/** Wrong words on the command line: exit code 2, with the usage. */
export class UsageError extends Error {}
