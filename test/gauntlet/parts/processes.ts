import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Disk, leftOvers, makeDisk, otherUser } from '../faults/disk.ts'
import { actorOf, example, openInterval, scopeOf } from '../judge/state.ts'
import type { Front } from '../server/front.ts'
import { type Child, endChild, type Family, redirectUri, startChild, stopped } from './children.ts'
import { aWhile, oneOf, type Part, quietly, type Setting, visit } from './part.ts'
import type { ToChild } from './process-child.ts'

interface State extends Family {
  readonly disk: Disk
  readonly children: Child[]
  repair?: (() => void) | undefined
  /** Whether a login is under way: it needs the disk, and is not what is tested. */
  signingIn: boolean
}

export interface ProcessesOptions {
  readonly name?: string
  readonly count: number
  readonly longestStop: number
  readonly withoutLock?: boolean
}

/** Processes that share one directory. */
export async function startProcesses(setting: Setting, options: ProcessesOptions): Promise<Part> {
  const { name = 'processes', count, longestStop, withoutLock = false } = options
  const uid = otherUserFor(setting.bundles)
  const disk = makeDisk(setting.scratch, uid)
  // a mount outlives the harness, and goes before its directory
  process.prependListener('exit', () => disk.remove())
  const state: State = {
    ...setting,
    name,
    disk,
    directory: disk.directory,
    uid,
    withoutLock,
    longestStop,
    children: [],
    signingIn: false,
  }
  // one that cannot write or read must not redeem; what it sends all the same, the judge sees
  for (const front of setting.fronts)
    front.refuses = ({ actor, noteAt }) =>
      front.gentle && isPart(name, actor) && noteAt > 0 && noteAt < faultSince(state)
  for (let slot = 0; slot < count; slot++) state.children.push(startChild(state, `${name}-${slot}.0`))
  await Promise.all(state.children.map(({ ready }) => ready))
  return {
    name,
    omitted: disk.omitted,
    countsHandles: true,
    disturb: (gentle) => disturb(state, gentle),
    signIn: (front) => signIn(state, front),
    kill: (actor) => killOne(state, actor),
    calm: () => calm(state),
    waiting: () => Math.max(...state.children.map(({ waiting }) => waiting)),
    end: () => end(state),
  }
}

const isPart = (name: string, actor: string) => actor.startsWith(`${name}-`)

/** When the present disk fault began; 0 if there is none. */
function faultSince({ judge, name }: State): number {
  const last = judge.diskFaults.get(name)?.at(-1)
  return last?.to === Number.POSITIVE_INFINITY ? last.from : 0
}

/** As root, children run as another user, if that one can read the build. */
function otherUserFor(bundles: string): number | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    const look = `require('node:fs').readFileSync(${JSON.stringify(join(bundles, 'process-child.mjs'))})`
    execFileSync(process.execPath, ['-e', look], { uid: otherUser, gid: otherUser, stdio: 'ignore' })
    return otherUser
  } catch {
    return undefined
  }
}

async function disturb(state: State, gentle: boolean): Promise<void> {
  const { judge, fronts, longestStop } = state
  const child = oneOf(state.children.filter(({ resume }) => resume === undefined))
  if (child === undefined) return
  const dice = Math.random()
  if (dice < 0.4) {
    child.process.kill('SIGSTOP')
    stopped(judge, child, aWhile(longestStop))
  } else if (dice < 0.7) {
    const kill = () => killOne(state, child.actor)
    if (gentle) await quietly(fronts, kill)
    else kill()
  } else if (dice < 0.75 && !gentle) child.process.send?.({ kind: 'stop-before-sending' } satisfies ToChild)
  else await breakDisk(state, gentle)
}

async function breakDisk(state: State, gentle: boolean): Promise<void> {
  const { disk, fronts, judge, name } = state
  const fault = oneOf(disk.faults)
  if (state.repair !== undefined || state.signingIn || fault === undefined) return
  const act = () => {
    if (state.signingIn) return
    const faults = judge.diskFaults.get(name) ?? []
    judge.diskFaults.set(name, faults)
    const close = openInterval(faults)
    const repair = disk.break(fault)
    state.repair = () => {
      state.repair = undefined
      repair()
      close()
    }
  }
  if (gentle) await quietly(fronts, act)
  else act()
  await sleep(aWhile(4_000))
  repaired(state)
}

function repaired({ repair }: State): void {
  repair?.()
}

function killOne(state: State, actor: string): void {
  const index = state.children.findIndex((child) => child.actor === actor)
  const child = state.children[index]
  if (child === undefined) return
  actorOf(state.judge, actor).gone = { at: Date.now(), why: 'killed' }
  child.process.kill('SIGKILL')
  child.resume?.()
  const [slot, incarnation] = actor.split('.')
  state.children[index] = startChild(state, `${slot}.${Number(incarnation) + 1}`)
}

async function signIn(state: State, front: Front): Promise<void> {
  state.signingIn = true
  repaired(state)
  await signInThrough(state, front).finally(() => {
    state.signingIn = false
  })
}

async function signInThrough(state: State, { engine }: Front): Promise<void> {
  const child = oneOf(state.children.filter(({ resume, process }) => resume === undefined && process.connected))
  if (child === undefined) return
  await child.ready
  const ask = (message: ToChild) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), 15_000)
      child.answer = ({ url, error }) => {
        clearTimeout(timer)
        if (error === undefined) resolve(url ?? '')
        else reject(new Error(error))
      }
      child.process.send(message)
    })
  const server = engine.name
  const url = await ask({ kind: 'start-login', server })
  await ask({ kind: 'finish-login', server, url: await visit(url, redirectUri) })
}

async function calm(state: State): Promise<void> {
  repaired(state)
  for (const { resume } of state.children) resume?.()
  await Promise.all(state.children.map(({ ready }) => ready))
}

async function end(state: State): Promise<void> {
  const { disk, judge, name, fronts } = state
  await Promise.all(state.children.map((child) => endChild(state, child)))
  const scope = scopeOf(judge, `${name}@${fronts[0]?.engine.name}`)
  const left = leftOvers(disk.directory)
  scope.counts.leaked += left.length
  if (left.length > 0) example(scope, `left behind: ${left.join(', ')}`)
  disk.remove()
}
