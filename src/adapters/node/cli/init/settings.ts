import { ConfigurationError } from '../../../../core/errors.ts'

/** The first line of the settings, by which `imskit link` finds them. */
export const marker = 'Settings of imskit init.'

const about = [
  'The values of the emulator: the script dev:ims starts it.',
  'To use a credential of the Adobe Developer Console, run: imskit link <file>',
]

type Values = Readonly<Record<string, string>>

/** The content of a new file of settings: an env file, or a module of a page. */
export function settingsText(file: string, prefix: string, values: Values): string {
  const comment = file.endsWith('.js') ? '//' : '#'
  const head = [marker, ...about].map((line) => `${comment} ${line}\n`).join('')
  const lines = Object.entries(values).map(([name, value]) => settingLine(file, `${prefix}${name}`, value))
  return `${head}${lines.join('\n')}\n`
}

function settingLine(file: string, name: string, value: string): string {
  if (file.endsWith('.js')) return `export const ${name} = ${JSON.stringify(value)}`
  if (!/[\s#"'`\\$]/.test(value)) return `${name}=${value}`
  // the readers of env files agree on single quotes only
  if (/['\r\n]/.test(value))
    throw new ConfigurationError(
      'BAD_OPTION',
      `The value of ${name} cannot be written to ${file}. Set it as a variable of the environment.`,
    )
  return `${name}='${value}'`
}

/** `text` with these values; a value of `undefined` removes its line. All other lines stay as they are. */
export function withSettings(file: string, text: string, values: Readonly<Record<string, string | undefined>>): string {
  const lines = text.split(/(?<=\n)/)
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const missing = new Map(Object.entries(values))
  const kept = lines.flatMap((line) => {
    if (about.some((words) => line.includes(words))) return []
    const name = /^\s*(?:export\s+(?:const\s+)?)?([\w.-]+)\s*=/.exec(line)?.[1]
    if (name === undefined || !Object.hasOwn(values, name)) return [line]
    const value = missing.get(name)
    const isFirst = missing.delete(name)
    return isFirst && value !== undefined ? [`${settingLine(file, name, value)}${end}`] : []
  })
  const rest = [...missing].flatMap(([name, value]) =>
    value === undefined ? [] : [`${settingLine(file, name, value)}${end}`],
  )
  const before = kept.join('')
  return `${before}${before === '' || before.endsWith('\n') ? '' : end}${rest.join('')}`
}

/** `.gitignore` with a line for `file`, unless its last matching line ignores it already. */
export function ignoring(text: string | undefined, file: string): string {
  const lines = (text ?? '').split(/\r?\n/).map((line) => line.trim())
  const matching = lines.filter((line) => matches(line.replace(/^!/, ''), file))
  if (matching.length > 0 && !matching.at(-1)?.startsWith('!')) return text ?? ''
  const before = text ?? ''
  return `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${file}\n`
}

function matches(pattern: string, file: string): boolean {
  if (pattern === '' || pattern.startsWith('#') || !/^\/?[\w.*-]+$/.test(pattern)) return false
  const parts = pattern
    .replace(/^\//, '')
    .split('*')
    .map((part) => part.replaceAll('.', '\\.'))
  return new RegExp(`^${parts.join('.*')}$`).test(file)
}
