import { parseArgs } from 'node:util'
import { nearest } from '../../../core/nearest.ts'
import { type Command, type Invocation, type OptionValues, UsageError } from './command.ts'

/** Parses the words after a command's name. Error messages contain no values, because these may be secrets. */
export function parse(command: Command, words: readonly string[]): Omit<Invocation, 'commands'> {
  const { values, positionals } = parsed(command, words)
  const takesRest = command.args.some(({ rest }) => rest)
  if (positionals.length > command.args.length && !takesRest)
    throw new UsageError(`Too many arguments: ${positionals.length}, expected ${command.args.length || 'none'}.`)
  const absent = command.args.find(({ required }, index) => required && positionals[index] === undefined)
  // with --help, arguments may be missing
  if (absent !== undefined && values.help !== true) throw new UsageError(`The argument <${absent.name}> is missing.`)
  return { args: positionals, values }
}

function parsed(command: Command, words: readonly string[]): { values: OptionValues; positionals: string[] } {
  const options = Object.entries(command.options).map(([name, { value, short, many }]) => [
    name,
    { type: value === undefined ? 'boolean' : 'string', ...(short && { short }), ...(many && { multiple: true }) },
  ])
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: Object.fromEntries(options),
      allowPositionals: true,
    })
    return { values: values as OptionValues, positionals }
  } catch (error) {
    throw new UsageError(misuse(error as Error, command))
  }
}

function misuse(error: Error, { options }: Command): string {
  const name = /'(?:-\w, )?(--?[\w-]+)/.exec(error.message)?.[1] ?? ''
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
    return `The option ${name} ${options[name.slice(2)]?.value === undefined ? 'does not take a value' : 'needs a value'}.`
  const names = Object.keys(options).map((known) => `--${known}`)
  const close = nearest(name, names)
  return `Unknown option ${name}.${close === undefined ? '' : ` Did you mean ${close}?`}`
}

/** The value of an option that takes one. */
export function optionText(values: OptionValues, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of an option that may be given several times. */
export function optionTexts(values: OptionValues, name: string): readonly string[] {
  const value = values[name]
  return Array.isArray(value) ? value : []
}

/** The value of an option that takes a whole number. */
export function optionInteger(values: OptionValues, name: string, most: number): number | undefined {
  const value = optionText(values, name)
  if (value === undefined) return undefined
  if (/^\d{1,10}$/.test(value) && Number(value) <= most) return Number(value)
  throw new UsageError(`The option --${name} must be a whole number from 0 to ${most}.`)
}
