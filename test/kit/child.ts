import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { outputOf } from './output.ts'
import type { Place } from './place.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that is killed when the test has finished. */
export interface Child {
  /** Resolves once what was printed, on either stream, matches; rejects if the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

/** Whether `terminal` works here: the program `script` of Linux. */
export const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

/** Runs a command in `place`; with `terminal` at a pseudo terminal, whose output is all on `stdout`. */
export function startChild(place: Place, command: readonly string[], { terminal = false } = {}): Child {
  const [file = '', ...args] = terminal ? ['script', '-qec', command.map(quoted).join(' '), '/dev/null'] : command
  const child = spawn(file, args, {
    cwd: place.cwd,
    env: place.env,
    stdio: [terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  const { printed, said } = outputOf(child, closed)
  const ended = closed.then(([code]) => ({ code: code as number | null, ...printed }))
  return { said, ended }
}

const quoted = (argument: string) => `'${argument.replaceAll("'", String.raw`'\''`)}'`

/** The last line that a program printed, which is JSON. */
export async function resultOf<Result>(child: Child): Promise<Result> {
  const { code, stdout, stderr } = await child.ended
  if (code !== 0) throw new Error(`ended with ${code}: ${stdout}${stderr}`)
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}
