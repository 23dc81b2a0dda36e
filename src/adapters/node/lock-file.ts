import { unlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UnavailableError } from '../../core/errors.ts'
import type { Lock } from '../../core/ports.ts'
import {
  createLock,
  type Holder,
  isGone,
  isNear,
  newHolding,
  readHolder,
  releaseLock,
  touchLock,
} from './lock-holder.ts'
import { endTurn, pause, type TurnOptions, takeTurn } from './lock-queue.ts'
import { codeOf, remove } from './write-file.ts'

export interface LockFileOptions {
  /** Ends the waiting; its reason is thrown untouched. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the others, in ms. Default: 60 000. */
  readonly wait?: number | undefined
  /**
   * After how long without a sign of life, in ms, the lock of a process that can't be looked at (another machine,
   * another container) is taken over. Holders give a sign five times as often. Default: 15 000.
   */
  readonly lease?: number | undefined
}

export interface FileLockOptions extends Omit<LockFileOptions, 'signal'> {
  /** Default: `$XDG_STATE_HOME/imskit/locks`, else `~/.local/state/imskit/locks`; made with mode 0700. */
  readonly directory?: string | undefined
  /**
   * What to do where lock files can't be made, as on a read-only file system. `true` (default): reject.
   * `false`: run the task, apart from this process's other tasks alone.
   */
  readonly required?: boolean | undefined
}

/**
 * A lock across the processes of one user, as files in one directory.
 *
 * A process that ended without letting go, also by SIGKILL, loses its locks to the next who asks; one that lives on
 * this machine never does, however long it holds them. Not reentrant: a task must not ask for the name it holds.
 * @throws UnavailableError `TIMEOUT` when others held the lock for `wait` ms, `STORE_FAILED` where it can't be made.
 */
export function fileLock(options: string | FileLockOptions = {}): Lock {
  const { directory = stateDirectory('locks'), required = true, ...rest } = place(options)
  return async (name, task, signal) => {
    const { createHash } = await import('node:crypto')
    const path = join(directory, `${createHash('sha256').update(name).digest('hex')}.lock`)
    return hold({ ...rest, path, signal, required }, (_scratch, text) =>
      task({
        ...(text !== undefined && { id: text }),
        stillHeld: async () => text === undefined || readHolder(path)?.text === text,
      }),
    )
  }
}

/** `$XDG_STATE_HOME/imskit/<name>`, else `~/.local/state/imskit/<name>`. */
export function stateDirectory(name: string): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'imskit', name)
}

function place(options: string | FileLockOptions): FileLockOptions {
  return typeof options === 'string' ? { directory: options } : options
}

/**
 * Runs `task` while this process holds the lock file at `path`, as {@link fileLock} does for a name.
 * `scratch` is the name of a file next to it that whoever takes over from a dead process removes.
 * @throws UnavailableError `TIMEOUT` or `STORE_FAILED`, naming `path`
 */
export function withLockFile<T>(
  path: string,
  task: (scratch: string) => Promise<T>,
  options: LockFileOptions = {},
): Promise<T> {
  return hold({ ...options, path: resolve(path), required: true }, task)
}

interface Request extends LockFileOptions {
  readonly path: string
  readonly required: boolean
}

/** `task` is also given the text of the lock, if there is one. */
async function hold<T>(request: Request, task: (scratch: string, text?: string) => Promise<T>): Promise<T> {
  const { path, signal, wait = 60_000, lease = 15_000, required } = request
  const waiting = { path, signal, wait, lease, required, since: performance.now() }
  if (!(await takeTurn(path, waiting))) throw tooLong(waiting, 'Another task of this process')
  try {
    const { text, token } = newHolding()
    const scratch = scratchOf(path, token)
    if (!(await acquire(waiting, text))) return await task(scratch)
    return await whileHeld({ path, text, scratch, lease }, () => task(scratch, text))
  } finally {
    endTurn(path)
  }
}

interface Held {
  readonly path: string
  readonly text: string
  readonly scratch: string
  readonly lease: number
}

const held = new Set<Held>()
let watchingExit = false

async function whileHeld<T>(holding: Held, task: () => Promise<T>): Promise<T> {
  held.add(holding)
  if (!watchingExit) {
    watchingExit = true
    process.on('exit', () => {
      for (const holding of held) {
        remove(holding.scratch)
        letGo(holding)
      }
    })
  }
  const beat = setInterval(() => touchLock(holding.path, holding.text), holding.lease / 5)
  beat.unref()
  try {
    return await task()
  } finally {
    clearInterval(beat)
    letGo(holding)
  }
}

function letGo(holding: Held): void {
  held.delete(holding)
  releaseLock(holding.path, holding.text)
}

interface Waiting extends TurnOptions {
  readonly path: string
  readonly lease: number
  readonly required: boolean
  /** By the monotonic clock, ms. */
  readonly since: number
}

/** Resolves to `false` where the lock can't be made and isn't `required`. */
async function acquire(waiting: Waiting, text: string): Promise<boolean> {
  try {
    await poll(waiting, text)
    return true
  } catch (error) {
    waiting.signal?.throwIfAborted()
    if (error instanceof UnavailableError) throw error
    if (!waiting.required) return false
    throw unusable(waiting.path, error)
  }
}

async function poll(waiting: Waiting, text: string): Promise<void> {
  const { path, signal, wait, lease } = waiting
  let last: Sighting | undefined
  for (;;) {
    signal?.throwIfAborted()
    if (createLock(path, text)) return
    const holder = readHolder(path)
    if (holder === undefined) continue
    last = sighting(holder, last)
    const waited = performance.now() - waiting.since
    if (waited >= wait) throw tooLong(waiting, nameOf(holder))
    const silent = !isNear(holder) && performance.now() - last.since > lease
    if (silent || isGone(holder)) {
      await evict(holder, { ...waiting, wait: wait - waited })
      continue
    }
    // the longer it takes the rarer the look; never in step with the others
    await pause(Math.min(Math.max(waited / 4, 1), 16, wait - waited) * (0.5 + Math.random()), signal)
  }
}

/** Our own clock measures the silence, so that clocks which differ between machines don't matter. */
interface Sighting {
  readonly holder: Holder
  readonly since: number
}

function sighting(holder: Holder, last: Sighting | undefined): Sighting {
  const same = last !== undefined && last.holder.text === holder.text && last.holder.seen === holder.seen
  return same ? last : { holder, since: performance.now() }
}

/**
 * Takes away the lock of a holder that is no more. Who does so holds a second lock and looks again: so nobody else
 * removes it in the same moment, and a successor's lock is never taken for it. That second lock is left behind, to be
 * used again, by who is killed just between the two.
 */
async function evict(holder: Holder, waiting: Waiting): Promise<void> {
  const { path, signal, wait, lease } = waiting
  await hold({ path: `${path}.evict`, signal, wait, lease, required: true }, async () => {
    const now = readHolder(path)
    if (now?.text !== holder.text || now.seen !== holder.seen) return
    if (holder.token !== undefined) remove(scratchOf(path, holder.token))
    unlinkSync(path)
  })
}

function scratchOf(path: string, token: string): string {
  return `${path}.${token}.tmp`
}

function nameOf({ pid, machine }: Holder): string {
  return pid === undefined ? 'An unknown process' : `Process ${pid} on ${machine?.split('~')[0]}`
}

function tooLong({ path, wait }: Waiting, holder: string): UnavailableError {
  return new UnavailableError(
    'TIMEOUT',
    `${holder} held the lock ${path} for longer than ${wait} ms. Try again; if no such process is at work, delete that file.`,
    { details: { path } },
  )
}

function unusable(path: string, error: unknown): UnavailableError {
  return new UnavailableError(
    'STORE_FAILED',
    `Could not make the lock ${path} (${codeOf(error)}). Check that its directory can be written to.`,
    { details: { path, code: codeOf(error) } },
  )
}
