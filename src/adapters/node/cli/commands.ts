import type { Command, Option } from './command.ts'
import { contextCommands } from './table/contexts.ts'
import { emulatorCommands } from './table/emulator.ts'
import { inspectionCommands } from './table/inspection.ts'
import { tokenCommands } from './table/tokens.ts'
import { toolCommands } from './table/tools.ts'

/** The options of every command. */
export const commonOptions: Readonly<Record<string, Option>> = {
  verbose: { about: 'print the requests to IMS on stderr, without secrets' },
  help: { short: 'h', about: 'show this help' },
}

/** The commands in the order of the help. */
export const commands: readonly Command[] = [
  ...tokenCommands,
  ...contextCommands,
  ...inspectionCommands,
  ...emulatorCommands,
  ...toolCommands,
].map((command) => ({ ...command, options: { ...command.options, ...commonOptions } }))
