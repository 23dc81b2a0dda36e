import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { heard, type Report, searchSecrets } from '../judge/reports.ts'
import { actorOf, example, type Judge, openInterval, scopeOf } from '../judge/state.ts'
import { aWhile, type Setting } from './part.ts'
import type { ChildConfig, FromChild, ToChild } from './process-child.ts'

export interface Child {
  readonly actor: string
  readonly process: ChildProcess
  readonly ready: Promise<void>
  /** Ends the stop that it is in. */
  resume?: (() => void) | undefined
  waiting: number
  answer?: (answer: FromChild & { kind: 'answer' }) => void
  handles?: readonly string[]
}

/** What the processes of one part have in common. */
export interface Family extends Setting {
  readonly name: string
  readonly directory: string
  /** Who they run as; `undefined`: who runs this. */
  readonly uid: number | undefined
  readonly withoutLock: boolean
  /** ms of the longest stop */
  readonly longestStop: number
}

export const redirectUri = 'http://127.0.0.1/callback'

export function startChild(family: Family, actor: string): Child {
  const { judge, fronts, bundles, directory, uid, withoutLock, name } = family
  const config: ChildConfig = {
    actor,
    directory: directory,
    pause: 400,
    withoutLock,
    servers: fronts.map(({ engine, url }) => ({ ...engine, endpoint: url, redirectUri })),
  }
  const child = fork(join(bundles, 'process-child.mjs'), {
    env: { PATH: process.env.PATH, HOME: directory, GAUNTLET: JSON.stringify(config) },
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const scope = scopeOf(judge, `${name}@${fronts[0]?.engine.name}`)
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      searchSecrets(judge, scope, chunk.toString())
      example(scope, `${actor} printed: ${chunk.toString().slice(0, 500)}`)
    })
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: FromChild) => {
      if (message.kind === 'ready') resolve()
      else take(family, started, message)
    })
    child.on('exit', () => resolve())
  })
  child.on('error', () => {})
  const started: Child = { actor, process: child, ready, waiting: 0 }
  return started
}

function take({ judge, longestStop }: Family, child: Child, message: FromChild): void {
  if (message.kind === 'answer') child.answer?.(message)
  else if (message.kind === 'ended') child.handles = message.handles
  else if (message.kind === 'stopping') stopped(judge, child, aWhile(longestStop))
  else if (message.kind !== 'ready') {
    if (message.kind === 'status') child.waiting = message.waiting
    heard(judge, child.actor, message satisfies Report)
  }
}

/** It stands still, by SIGSTOP, for `ms`. */
export function stopped(judge: Judge, child: Child, ms: number): void {
  const close = openInterval(actorOf(judge, child.actor).stopped)
  const resume = () => {
    if (child.resume !== resume) return
    child.resume = undefined
    close()
    child.process.kill('SIGCONT')
  }
  child.resume = resume
  setTimeout(resume, ms).unref()
}

/** A process whose clients are closed has nothing left to wait for. */
export async function endChild({ judge, name, fronts }: Family, child: Child): Promise<void> {
  if (child.process.exitCode !== null || !child.process.connected) return
  const exit = once(child.process, 'exit')
  child.process.send({ kind: 'end' } satisfies ToChild)
  const exited = await Promise.race([exit.then(() => true), sleep(25_000, false, { ref: false })])
  if (exited && (child.handles ?? []).length === 0) return
  const scope = scopeOf(judge, `${name}@${fronts[0]?.engine.name}`)
  scope.counts.leaked++
  example(scope, `${child.actor} ${exited ? 'exited with' : 'did not exit:'} ${child.handles?.join(', ')}`)
  child.process.kill('SIGKILL')
}
