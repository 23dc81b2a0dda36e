#!/usr/bin/env node
import { isImsError } from '../../core/errors.ts'
import { runEmulator } from './cli-emulator.ts'

declare const __VERSION__: string

const usage = `Usage: imskit <command> [options]

Commands:
  emulator    run a local Adobe IMS for development and tests

Options:
  -h, --help      show this, or the help of a command
  -v, --version   show the version
`

/** Wrong words on the command line: exit code 2. */
const usageError = 2

async function main([command, ...rest]: readonly string[]): Promise<number> {
  if (command === '--version' || command === '-v') return print(`${__VERSION__}\n`)
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    return command === undefined ? complain(usage) : print(usage)
  }
  if (command === 'emulator') return runEmulator(rest)
  return complain(`imskit: there is no command '${command}'\n\n${usage}`)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(text: string): number {
  process.stderr.write(text)
  return usageError
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    const misuse = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    const known = isImsError(error) || misuse
    process.stderr.write(
      `imskit: ${known ? (error as Error).message : 'unexpected failure; run with DEBUG=imskit and report it'}\n`,
    )
    process.exitCode = misuse ? usageError : 1
  },
)
