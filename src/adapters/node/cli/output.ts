import { printableLines } from '../printable.ts'

type Style = 'red' | 'yellow' | 'green' | 'bold' | 'dim'

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  bold: [1, 22],
  dim: [2, 22],
}

/** What precedes the codes of our own colours, unknown to anyone who could put them into a text that is printed. */
let ownEscape: string | undefined

/**
 * Writes to the terminal; nothing else of the command does. Texts of servers, tokens and files pass here, so that only
 * our own colours reach the terminal as control sequences.
 */
export function writeText(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  const parts = ownEscape === undefined ? [text] : text.split(ownEscape)
  stream.write(parts.map(printableLines).join('\u001b['))
}

/** A result, for people or, as one line, for machines. */
export function printResult(json: unknown, machine: unknown, human: () => string): void {
  writeText(machine === true ? `${JSON.stringify(json)}\n` : `${human()}\n`)
}

/** Whatever is no result. */
export function printNote(line: string): void {
  writeText(`${line}\n`, process.stderr)
}

export function printWarning(line: string): void {
  printNote(`${colored('yellow', 'warning:', process.stderr)} ${line}`)
}

/** Colour only where a person looks: https://no-color.org, and FORCE_COLOR as Node understands it. */
export function colored(style: Style, words: string, stream: NodeJS.WriteStream = process.stdout): string {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  const wanted = forced || (!NO_COLOR && FORCE_COLOR === undefined && TERM !== 'dumb' && stream.isTTY)
  const [on, off] = codes[style]
  if (!wanted) return words
  ownEscape ??= `\u001b${crypto.randomUUID()}[`
  return `${ownEscape}${on}m${words}${ownEscape}${off}m`
}

/** Shows at a terminal, after a second, that something is being waited for. */
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

/** A time as people read it, and how far away it is. */
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
