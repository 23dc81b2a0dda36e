import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build, built } from '../kit/build.ts'
import { newPlace, type Place } from '../kit/place.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The built command in a place of its own. */
export interface Shell {
  readonly place: Place
  run(args: readonly string[], options?: { input?: string; env?: Record<string, string> }): Promise<Ended>
  /** As `run`, for results as JSON; the exit code must be `code`. */
  json<Result = unknown>(args: readonly string[], code?: number): Promise<Result>
  start(args: readonly string[], env?: Record<string, string>): Running
}

export interface Running {
  readonly printed: { stdout: string; stderr: string }
  said(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

export function newShell(endpoint?: string, env: Record<string, string> = {}): Shell {
  const place = newPlace({ ...(endpoint !== undefined && { AIO_IMS_CONFIG_ENDPOINT: endpoint }), ...env })

  function start(args: readonly string[], more: Record<string, string> = {}, input?: string): Running {
    const child = spawn(process.execPath, [built('cli'), ...args], { cwd: place.cwd, env: { ...place.env, ...more } })
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
    const printed = { stdout: '', stderr: '' }
    const listeners = new Set<() => void>()
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        printed[name] += text
        for (const listener of listeners) listener()
      })
    }
    const ended = once(child, 'close').then(([code]) => ({ code, ...printed }))
    const said = (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(printed.stdout + printed.stderr)
          if (match) resolve(match)
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`ended without saying ${pattern}: ${printed.stderr}`)))
      })
    return { printed, said, ended, kill: (signal) => void child.kill(signal) }
  }

  const run: Shell['run'] = (args, { input, env: more } = {}) => start(args, more, input).ended
  return {
    place,
    run,
    start: (args, more) => start(args, more),
    async json<Result>(args: readonly string[], code = 0) {
      const ended = await run([...args, '--json'])
      if (ended.code !== code) throw new Error(`exit code ${ended.code}: ${ended.stderr}${ended.stdout}`)
      return JSON.parse(ended.stdout) as Result
    },
  }
}

/** The built command, and an emulator for the tests of a file, where `user@example.com` is signed in. */
export function useEmulator(started: (emulator: RunningEmulator) => void): void {
  let emulator: RunningEmulator
  beforeAll(async () => {
    await build()
    emulator = await startEmulator({ autoLogin: 'user@example.com' })
    started(emulator)
  })
  afterAll(() => emulator.close())
}

/** Makes a context of a kind that the emulator has ready. */
export async function setContext(
  shell: Shell,
  emulator: RunningEmulator,
  kind: keyof RunningEmulator['contexts'],
  name: string = kind,
): Promise<void> {
  const { endpoint: _, ...data } = emulator.contexts[kind]
  const { code, stderr } = await shell.run(['context', 'set', name, '--from', '-'], { input: JSON.stringify(data) })
  if (code !== 0) throw new Error(stderr)
}

/** Signs in to `context` as the user of a browser would. @returns what the command printed */
export async function signIn(shell: Shell, emulator: RunningEmulator, context: string): Promise<string> {
  const login = shell.start(['login', context, '--no-browser'])
  const [, url = ''] = await login.said(/Open this address[^\n]*\n\s*\n\s*(\S+)\s*\n/)
  await fetch((await createPerson(emulator).visit(url)).url)
  const { code, stdout, stderr } = await login.ended
  if (code !== 0) throw new Error(stderr)
  return stdout
}
