import { parseArgs } from 'node:util'
import { nearest } from '../../../core/nearest.ts'
import { type Command, type Invocation, UsageError } from './command.ts'

export type OptionValues = Readonly<Record<string, string | boolean | string[] | undefined>>

/** The words after a command's name, checked against the table. Values never show in a message: they may be secrets. */
export function parse(command: Command, words: readonly string[]): Omit<Invocation, 'commands'> {
  const { values, positionals } = parsed(command, words)
  const takesRest = command.args.some(({ rest }) => rest)
  if (positionals.length > command.args.length && !takesRest)
    throw new UsageError(`${positionals.length} arguments were given, it takes ${command.args.length || 'none'}`)
  const absent = command.args.find(({ required }, index) => required && positionals[index] === undefined)
  // help is given to those who do not know the arguments yet
  if (absent !== undefined && values.help !== true) throw new UsageError(`<${absent.name}> is missing`)
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
    return `${name} ${options[name.slice(2)]?.value === undefined ? 'takes no value' : 'needs a value'}`
  const names = Object.keys(options).map((known) => `--${known}`)
  const close = nearest(name, names)
  return `there is no option ${name}${close === undefined ? '' : `; did you mean ${close}?`}`
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
  throw new UsageError(`--${name} must be a whole number from 0 to ${most}`)
}
