import type { Readable } from 'node:stream'

/**
 * Passes every line of `input` to `onLine` until the returned function is called; then the process can exit.
 * If the input ends or fails, the login continues: the browser can still call the redirect URI.
 */
export async function readLines(input: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<() => void> {
  const ignore = () => {}
  // added before the import, because the input may fail while the module loads
  input.on('error', ignore)
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY })
  // readline re-emits the errors of its input
  lines.on('error', ignore)
  lines.on('line', (line) => {
    const text = line.trim()
    if (text !== '') onLine(text)
  })
  return () => {
    lines.close()
    input.pause()
    if (!(input as Readable).destroyed) input.off('error', ignore)
  }
}

/** The stream that the user can paste an address into: standard input, if it is a terminal. */
export function terminalInput(): NodeJS.ReadableStream | undefined {
  return process.stdin.isTTY ? process.stdin : undefined
}
