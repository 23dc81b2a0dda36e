import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { built } from './build.ts'
import { outputOf } from './output.ts'
import type { Place } from './place.ts'

/** A program in its own process that calls functions of one of the libraries on request. */
export interface Program {
  /** Calls a function of the library, such as `context.get` or `ims.validateToken`. */
  call<Result = unknown>(method: string, ...args: readonly unknown[]): Promise<Result>
  /** Resolves once what was printed, on either stream, matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  readonly printed: { readonly stdout: string; readonly stderr: string }
  readonly process: ChildProcess
  end(): Promise<void>
}

export interface ProgramOptions {
  readonly place: Place
  /** The server for requests to IMS. */
  readonly endpoint?: string
  /** The server for requests to the stage environment; without it, `endpoint` is the server of both. */
  readonly stage?: string
  readonly env?: Record<string, string>
}

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

/** The published `@adobe/aio-lib-ims`, unmodified except for the server of its requests. */
export function oldLibrary(options: ProgramOptions): Program {
  const { endpoint = '', stage = endpoint, env } = options
  const targets = { PROOF_PROD: endpoint, PROOF_STAGE: stage }
  return start('old-library.cjs', { ...options, env: { ...env, ...targets } }, [
    '--require',
    fixture('redirect-requests.cjs'),
  ])
}

/** The built package. */
export function imskit(options: ProgramOptions): Program {
  const { endpoint = '', stage, env } = options
  const targets =
    stage === undefined ? { AIO_IMS_CONFIG_ENDPOINT: endpoint } : { PROOF_PROD: endpoint, PROOF_STAGE: stage }
  return start('imskit.mjs', { ...options, env: { PROOF_ENTRY: built('node'), ...targets, ...env } })
}

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: Readonly<Record<string, unknown>>
}

function start(script: string, { place, env }: ProgramOptions, execArgv: string[] = []): Program {
  const child = fork(fixture(script), [], {
    cwd: place.cwd,
    env: { ...place.env, ...env },
    execArgv,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  const exited = once(child, 'exit')
  const { printed, said } = outputOf(child, exited)
  const gone = exited.then(() => {
    for (const [id, settle] of waiting) settle({ id, error: { message: `the program ended: ${printed.stderr}` } })
  })
  let count = 0
  const program: Program = {
    printed,
    process: child,
    call: async <Result>(method: string, ...args: readonly unknown[]) => {
      const id = ++count
      const answer = await new Promise<Answer>((settle) => {
        waiting.set(id, settle)
        if (child.connected) child.send({ id, method, args })
        else settle({ id, error: { message: 'the program has ended' } })
      })
      waiting.delete(id)
      if (answer.error !== undefined) throw Object.assign(new Error(String(answer.error.message)), answer.error)
      return answer.value as Result
    },
    said,
    async end() {
      child.kill('SIGKILL')
      await gone
    },
  }
  onTestFinished(() => program.end())
  return program
}
