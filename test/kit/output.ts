import type { ChildProcess } from 'node:child_process'

/** What a process has printed so far. */
export interface Printed {
  stdout: string
  stderr: string
}

export interface Output {
  readonly printed: Printed
  /** Resolves once what was printed, on either stream, matches; rejects if the process exits before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

/**
 * Collects what `child` prints.
 *
 * @param ended settles when the process has exited
 */
export function outputOf(child: ChildProcess, ended: Promise<unknown>): Output {
  const printed: Printed = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
      for (const listener of listeners) listener()
    })
  }
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(printed.stdout + printed.stderr)
        if (match === null) return
        listeners.delete(look)
        resolve(match)
      }
      const fail = () => reject(new Error(`exited without printing ${pattern}: ${printed.stdout}${printed.stderr}`))
      listeners.add(look)
      void ended.then(fail, fail)
      look()
    })
  return { printed, said }
}
