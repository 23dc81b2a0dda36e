import type { Readable } from 'node:stream'

/**
 * Hands every line of `input` to `onLine` until the returned function is called, which also lets the process end.
 * An input that ends or breaks is no failure: the browser can still come back by itself.
 */
export async function readLines(input: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<() => void> {
  const ignore = () => {}
  // first of all: an input may break while the module loads
  input.on('error', ignore)
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY })
  // of the input's own errors, which it passes on without being asked
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

/** Where a person can paste an address: standard input, if it is a terminal. */
export function terminalInput(): NodeJS.ReadableStream | undefined {
  return process.stdin.isTTY ? process.stdin : undefined
}
