import { unlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigurationError, UnavailableError } from '../../../core/errors.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Lock } from '../../../core/ports.ts'
import { fileNameOf } from './file-name.ts'
import {
  createLock,
  type Holder,
  type Holding,
  hasEnded,
  isUnchanged,
  lifeOfHolder,
  lockText,
  newHolding,
  readHolder,
  releaseLock,
  scratchesOf,
  touchLock,
} from './lock-holder.ts'
import { endTurn, pauseUnlessAborted, runningTime, type TurnOptions, takeTurn } from './lock-queue.ts'
import { shared } from './lock-shared.ts'
import { placeRemedy, requireOwnDirectory, stateDirectory } from './state-directory.ts'
import { sweepAgain } from './temporary-files.ts'
import { codeOf, removeIfPresent } from './write-file.ts'

export interface LockFileOptions {
  /** Ends the waiting; its reason is thrown untouched. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the others, in ms in which this process runs. Default: 60 000. */
  readonly wait?: number | undefined
  /**
   * After how long without a sign of life, in ms, a holder loses the lock if its process cannot be looked at: on
   * another machine, in another container, or on a platform other than Linux. Holders give a sign five times as often.
   * Default: 15 000.
   */
  readonly lease?: number | undefined
}

export interface FileLockOptions {
  /** Default: `$XDG_STATE_HOME/imskit/locks`, else `~/.local/state/imskit/locks`; made with mode 0700. */
  readonly directory?: string | undefined
  /** How long to wait for the others, in ms in which this process runs. Default, and at least: `lease` + 45 000. */
  readonly wait?: number | undefined
  /**
   * After how long without a sign of life, in ms, a holder loses the lock if its process cannot be looked at: on
   * another machine, in another container, or on a platform other than Linux. Holders give a sign five times as often.
   * Default: 15 000; at least 10 000.
   */
  readonly lease?: number | undefined
}

const defaultLease = 15_000
const shortestLease = 10_000
// a renewal may take 40 s, and whoever takes a lock over needs a moment
const patience = 45_000

const optionNames: OptionNames<FileLockOptions> = { directory: 1, wait: 1, lease: 1 }

/**
 * A lock across the processes and threads of one user, as files in one directory.
 *
 * A process or worker thread that ended without releasing a lock, also by SIGKILL, loses it to the next that asks. On
 * Linux a holder that lives on this machine never does, even stopped; elsewhere it does after the lease, if it gives
 * no sign of life. Not reentrant: a task must not ask for the name it holds.
 * @throws UnavailableError `TIMEOUT` if others held the lock for `wait` ms, `STORE_FAILED` if it cannot be created.
 */
export function fileLock(options: string | FileLockOptions = {}): Lock {
  const given: FileLockOptions = typeof options === 'string' ? { directory: options } : options
  checkOptions('fileLock', given, optionNames)
  const { directory, ...times } = given
  const lease = atLeast('lease', times.lease, { least: shortestLease, usual: defaultLease })
  const wait = atLeast('wait', times.wait, { least: lease + patience, usual: lease + patience })
  const lock: Lock = async (name, task, signal) => {
    const place = directory ?? stateDirectory('locks')
    requireOwnDirectory(place)
    const path = join(place, `${await fileNameOf(name)}.lock`)
    return hold({ path, signal, wait, lease, remedy: placeRemedy }, ({ text }) =>
      task({
        id: text,
        stillHeld: async () => isHeldBy(path, text),
        hasEnded: async (id) => hasEnded(id),
      }),
    )
  }
  return Object.assign(lock, { lease })
}

function atLeast(name: string, value: unknown, { least, usual }: { least: number; usual: number }): number {
  if (value === undefined) return usual
  if (typeof value === 'number' && value > 0) return Math.min(Math.max(value, least), 2 ** 31 - 1)
  throw new ConfigurationError('BAD_OPTION', `${name} must be a number of milliseconds above 0.`)
}

function isHeldBy(path: string, text: string): boolean {
  try {
    return lockText(path) === text
  } catch (error) {
    throw new UnavailableError(
      'STORE_FAILED',
      `Could not read the lock ${path} (${codeOf(error)}). Check that this user can read its directory.`,
      { details: { path, code: codeOf(error) } },
    )
  }
}

/**
 * Runs `task` while this process holds the lock file at `path`, as {@link fileLock} does for a name.
 * `scratch` is the name of a file next to it that is removed with the lock if this process dies.
 * @throws UnavailableError `TIMEOUT` or `STORE_FAILED`, naming `path`
 */
export function withLockFile<T>(
  path: string,
  task: (scratch: string) => Promise<T>,
  { signal, wait = 60_000, lease = defaultLease }: LockFileOptions = {},
): Promise<T> {
  const remedy = 'Check that this user can write to its directory.'
  return hold({ path: resolve(path), signal, wait, lease, remedy }, ({ scratch }) => task(scratch))
}

interface Waiting extends TurnOptions {
  readonly path: string
  readonly lease: number
  /** What to do if the lock cannot be created. */
  readonly remedy: string
}

type Request = Omit<Waiting, 'waited'>

interface Held extends Holding {
  readonly path: string
  readonly lease: number
}

async function hold<T>(request: Request, task: (held: Held) => Promise<T>): Promise<T> {
  const { path, lease } = request
  const waiting = { ...request, waited: runningTime() }
  if (!(await takeTurn(path, waiting))) throw tooLong(waiting, 'Another task of this process')
  try {
    const held = { ...newHolding(path), path, lease }
    await acquire(waiting, held.text)
    return await whileHeld(held, () => task(held))
  } finally {
    endTurn(path)
  }
}

async function whileHeld<T>(holding: Held, task: () => Promise<T>): Promise<T> {
  const { path, text, token, scratch, lease } = holding
  const { held } = shared()
  held.set(token, () => {
    removeIfPresent(scratch)
    releaseLock(path, text)
  })
  const beat = setInterval(() => touchLock(path, text), lease / 5)
  beat.unref()
  try {
    return await task()
  } finally {
    clearInterval(beat)
    held.delete(token)
    letGo(path, text)
  }
}

/** ms between two tries to remove a lock from a directory that does not allow it just now. */
const nextTry = 1_000

/** Releases a lock now, or as soon as its directory can be written again: the others see that this process is alive. */
function letGo(path: string, text: string): void {
  if (!releaseLock(path, text)) setTimeout(() => letGo(path, text), nextTry).unref()
}

async function acquire(waiting: Waiting, text: string): Promise<void> {
  const { path, signal, remedy } = waiting
  try {
    await poll(waiting, text)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof UnavailableError) throw error
    throw new UnavailableError('STORE_FAILED', `Could not create the lock ${path} (${codeOf(error)}). ${remedy}`, {
      details: { path, code: codeOf(error) },
    })
  }
}

// how long a waiter only looks whether the lock is still the same file, before it asks again whether its holder lives
const glancing = 100

async function poll(waiting: Waiting, text: string): Promise<void> {
  const { path, signal, wait, waited, lease } = waiting
  let last: Sighting | undefined
  for (;;) {
    signal?.throwIfAborted()
    if (createLock(path, text)) return
    const holder = readHolder(path)
    if (holder === undefined) continue
    const now = waited()
    if (now >= wait) throw tooLong(waiting, nameOf(holder))
    last = sighting(holder, last, now)
    const life = lifeOfHolder(holder)
    if (life === 'ended' || (life === 'unknown' && now - last.since > lease)) await evict(holder, waiting)
    else await whileUnchanged(holder, waiting, Math.min(wait, now + glancing))
  }
}

/** Waits for another lock, or none, until `until` in running time at the latest. */
async function whileUnchanged(holder: Holder, { path, signal, waited }: Waiting, until: number): Promise<void> {
  do {
    const now = waited()
    // the longer it takes the rarer the look; never in step with the others
    const rare = Math.min(Math.max(now / 4, 2), 12 + now / 100, 50)
    await pauseUnlessAborted(Math.min(rare, until - now) * (0.5 + Math.random()), signal)
  } while (!signal?.aborted && waited() < until && isUnchanged(path, holder))
}

/** The waiter's own running time measures the silence: clocks of machines differ, and a stopped waiter sees nothing. */
interface Sighting {
  readonly holder: Holder
  readonly since: number
}

function sighting(holder: Holder, last: Sighting | undefined, now: number): Sighting {
  const same = last !== undefined && last.holder.text === holder.text && last.holder.seen === holder.seen
  return same ? last : { holder, since: now }
}

/**
 * Takes away the lock of a holder that is gone. The waiter that does so holds a second lock and looks again: so no
 * other waiter removes it in the same moment, and a successor's lock is never taken for it. A waiter that is killed
 * between the two leaves that second lock behind, and the next one takes it over.
 */
async function evict(holder: Holder, { path, signal, wait, waited, lease, remedy }: Waiting): Promise<void> {
  await hold({ path: `${path}.evict`, signal, wait: wait - waited(), lease, remedy }, async () => {
    const now = readHolder(path)
    if (now?.text !== holder.text || now.seen !== holder.seen) return
    for (const scratch of scratchesOf(path, holder)) removeIfPresent(scratch)
    unlinkSync(path)
    sweepAgain()
  })
}

function nameOf({ owner }: Holder): string {
  return owner === undefined ? 'An unknown process' : `Process ${owner.pid} on ${owner.machine.split('~')[0]}`
}

function tooLong({ path, wait }: Waiting, holder: string): UnavailableError {
  return new UnavailableError(
    'TIMEOUT',
    `${holder} held the lock ${path} for longer than ${Math.round(wait)} ms. Try again; if no such process is at work, ` +
      'delete that file.',
    { details: { path } },
  )
}
