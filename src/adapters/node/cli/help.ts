import type { Argument, Command } from './command.ts'
import { commands } from './commands.ts'

const width = 100

/** What `imskit --help` prints. */
export function overview(): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const)
  const options = [
    ['-h, --help', 'show this help, or the help of a command'],
    ['-v, --version', 'show the version'],
  ] as const
  return `Usage: imskit <command> [options]\n\nCommands:\n${table(rows)}\n\nOptions:\n${table(options)}\n\nResults are printed on stdout, everything else on stderr. Exit codes: 0 success, 1 failure, 2 invalid arguments, 130 interrupted.\n`
}

/** What `imskit <command> --help` prints. */
export function helpOf(command: Command): string {
  const { details, summary, args, example } = command
  const sentence = `${summary[0]?.toUpperCase()}${summary.slice(1)}.`
  const about = details === undefined ? '' : `\n${wrap(details, 0)}\n`
  const arguments_ = args.length === 0 ? '' : `\nArguments:\n${table(args.map((arg) => [arg.name, arg.about]))}\n`
  return `${usageOf(command)}\n\n${wrap(sentence, 0)}\n${about}${arguments_}\nOptions:\n${table(optionRows(command))}\n\nExample:\n  ${example}\n`
}

export function usageOf({ name, args }: Command): string {
  return `Usage: imskit ${[name, ...args.map(shape), '[options]'].join(' ')}`
}

function shape({ name, required, rest }: Argument): string {
  return `${required ? `<${name}>` : `[${name}]`}${rest ? '…' : ''}`
}

/** Each option as the user types it, and its description. */
export function optionRows({ options }: Command): readonly (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, about, many }]) => [
    `${short ? `-${short}, ` : ''}--${name}${value === undefined ? '' : ` <${value}>`}`,
    many ? `${about}; may be repeated` : about,
  ])
}

function table(rows: readonly (readonly [string, string])[]): string {
  const column = Math.max(...rows.map(([left]) => left.length)) + 4
  return rows.map(([left, right]) => `  ${left.padEnd(column - 2)}${wrap(right, column)}`).join('\n')
}

/** Wraps `words` into lines, all but the first indented. */
function wrap(words: string, indent: number): string {
  const lines = ['']
  for (const word of words.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length + 1 > width - indent) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}
