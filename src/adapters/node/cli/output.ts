import { printableLines } from '../printable.ts'

type Style = 'red' | 'yellow' | 'green' | 'bold' | 'dim'

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  bold: [1, 22],
  dim: [2, 22],
}

/** The escape of imskit's own colors: random, so that untrusted text cannot contain it. */
let ownEscape: string | undefined

/**
 * All output of the command passes through this function, including texts of servers, tokens and files. It escapes all
 * control sequences except imskit's own colors.
 */
export function writeText(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  const parts = ownEscape === undefined ? [text] : text.split(ownEscape)
  stream.write(parts.map(printableLines).join('\u001b['))
}

/** Prints a result: text for users, or one line of JSON for programs. */
export function printResult(json: unknown, machine: unknown, human: () => string): void {
  writeText(machine === true ? `${JSON.stringify(json)}\n` : `${human()}\n`)
}

/** Prints a line that is not part of the result. */
export function printNote(line: string): void {
  writeText(`${line}\n`, process.stderr)
}

export function printWarning(line: string): void {
  printNote(`${colored('yellow', 'Warning:', process.stderr)} ${line}`)
}

/** Colors text only in a terminal; supports https://no-color.org, and FORCE_COLOR as Node.js does. */
export function colored(style: Style, words: string, stream: NodeJS.WriteStream = process.stdout): string {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  const wanted = forced || (!NO_COLOR && FORCE_COLOR === undefined && TERM !== 'dumb' && stream.isTTY)
  const [on, off] = codes[style]
  if (!wanted) return words
  ownEscape ??= `\u001b${crypto.randomUUID()}[`
  return `${ownEscape}${on}m${words}${ownEscape}${off}m`
}

/** In a terminal, shows after a second what the command is waiting for. */
export async function withProgress<T>(what: string, task: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return task()
  const since = Date.now()
  const timer = setInterval(() => {
    process.stderr.write(`\r\u001b[K${what} … ${Math.round((Date.now() - since) / 1000)} s`)
  }, 1000)
  try {
    return await task()
  } finally {
    clearInterval(timer)
    if (Date.now() - since >= 1000) process.stderr.write('\r\u001b[K')
  }
}

/** A time in ISO format, and its distance from now. */
export function formatTime(at: number, now = Date.now()): string {
  const date = Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString().replace(/\.\d+/, '') : 'never'
  return `${date} (${at > now ? `in ${formatDuration(at - now)}` : `${formatDuration(now - at)} ago`})`
}

export function formatDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return 'less than a minute'
  if (minutes < 120) return `${minutes} minute${minutes === 1 ? '' : 's'}`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
