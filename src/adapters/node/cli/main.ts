#!/usr/bin/env node
import { isImsError } from '../../../core/errors.ts'
import { nearest } from '../../../core/nearest.ts'
import { printable } from '../printable.ts'
import { type Command, UsageError } from './command.ts'
import { commands } from './commands.ts'
import { recordFailure, startRecording } from './event-log.ts'
import { forCommand } from './hints.ts'
import { colored, printNote, writeText } from './output.ts'
import { parse } from './parse.ts'
import { followProxies } from './proxy.ts'

declare const __VERSION__: string

async function main(words: readonly string[]): Promise<number> {
  const [first, second] = words
  if (first === '--version' || first === '-v') return print(`${__VERSION__}\n`)
  if (first === '--help' || first === '-h') return print((await import('./help.ts')).overview())
  if (first === 'help') return second === undefined ? main(['--help']) : main([...words.slice(1), '--help'])
  const command = commandOf(words)
  if (command === undefined) return unknown(words)
  try {
    const invocation = parse(command, words.slice(command.name.split(' ').length))
    if (invocation.values.help === true) return print((await import('./help.ts')).helpOf(command))
    if (invocation.values.verbose === true) process.env.DEBUG = `${process.env.DEBUG ?? ''},imskit`
    startRecording(command.name)
    followProxies()
    const run = await command.load()
    return (await run({ ...invocation, commands })) ?? 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const { helpOf } = await import('./help.ts')
    return rejectUsage(`imskit ${command.name}: ${printable(error.message)}\n\n${helpOf(command)}`)
  }
}

function commandOf([first, second]: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
}

async function unknown([first, second]: readonly string[]): Promise<number> {
  const { overview, helpOf } = await import('./help.ts')
  const family = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (family.length > 0 && (second === '--help' || second === '-h')) return print(family.map(helpOf).join('\n'))
  if (first === undefined) return rejectUsage(overview())
  const word = family.length > 0 ? `${first} ${second ?? ''}`.trim() : first
  const names = [...new Set(commands.flatMap(({ name }) => [name, name.split(' ')[0] ?? '']))]
  const close = family.length > 0 && second === undefined ? undefined : nearest(word, names)
  const hint = close === undefined ? '' : ` Did you mean '${close}'?`
  // it may be a token that the user pasted by mistake
  const shown = word.length > 40 ? `${word.slice(0, 8)}…` : word
  const usage =
    family.length > 0 ? family.map(({ name, summary }) => `  imskit ${name}  ${summary}\n`).join('') : overview()
  return rejectUsage(`imskit: Unknown command '${printable(shown)}'.${hint}\n\n${usage}`)
}

function print(text: string): number {
  writeText(text)
  return 0
}

/** Prints the usage of invalid arguments; exit code 2. */
function rejectUsage(text: string): number {
  writeText(text, process.stderr)
  return 2
}

function failed(error: unknown): void {
  const { message, remedy } = forCommand(error)
  const code = isImsError(error) ? error.code : undefined
  recordFailure(code ?? 'unexpected')
  const hint = remedy === undefined ? '' : `\n${printable(remedy)}`
  const text = `${indented(message)}${code === undefined ? '' : ` (${code})`}${hint}`
  printNote(`${colored('red', 'imskit:', process.stderr)} ${text}`)
  if (!isImsError(error) && process.env.DEBUG?.includes('imskit')) printNote(String((error as Error)?.stack))
  process.exitCode = 1
}

/** Indents all but the first line, so that untrusted text in a message cannot look like a line of imskit. */
function indented(message: string): string {
  return message
    .split('\n')
    .map(printable)
    .join('\n')
    .replace(/\n(?! )/g, '\n  ')
}

// the program that reads the output may have closed the pipe
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, failed)
