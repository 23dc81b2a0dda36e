import { unlinkSync } from 'node:fs'
import { UnavailableError } from '../../../core/errors.ts'
import type { Hold } from '../../../core/ports.ts'
import {
  createLock,
  type Holder,
  hasEnded,
  isUnchanged,
  type LockHold,
  lifeOfHolder,
  lockText,
  newHold,
  readHolder,
  releaseLock,
  temporariesOf,
  touchLock,
} from './lock-holder.ts'
import { endTurn, pauseUnlessAborted, runningTime, type TurnOptions, takeTurn } from './lock-queue.ts'
import { sharedLockState } from './lock-shared.ts'
import { sweepAgain } from './temporary-files.ts'
import { codeOf, removeIfPresent } from './write-file.ts'

export interface LockRequest extends Omit<TurnOptions, 'waited'> {
  readonly path: string
  readonly lease: number
  /** What the user can do if the lock cannot be created. */
  readonly remedy: string
}

/** A request that waits since `waited()` ms. */
type Waiting = LockRequest & TurnOptions

/** Runs `task` while this process holds the lock file of the request. */
export async function holdLock<T>(request: LockRequest, task: (hold: LockHold) => Promise<T>): Promise<T> {
  const { path, lease } = request
  const waiting = { ...request, waited: runningTime() }
  if (!(await takeTurn(path, waiting))) throw timeoutError(waiting, 'Another task of this process')
  try {
    const hold = newHold(path)
    await acquire(waiting, hold.text)
    return await runHolding(hold, { path, lease }, () => task(hold))
  } finally {
    endTurn(path)
  }
}

/** What the task of a lock at `path` learns of its hold. */
export const holdOf = (path: string, { text }: LockHold): Hold => ({
  id: text,
  stillHeld: async () => isHeldBy(path, text),
  hasEnded: async (id) => hasEnded(id),
})

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

async function runHolding<T>(
  { text, token, temporary }: LockHold,
  { path, lease }: Pick<LockRequest, 'path' | 'lease'>,
  task: () => Promise<T>,
): Promise<T> {
  const { held } = sharedLockState()
  held.set(token, () => {
    removeIfPresent(temporary)
    releaseLock(path, text)
  })
  const heartbeat = setInterval(() => touchLock(path, text), lease / 5)
  heartbeat.unref()
  try {
    return await task()
  } finally {
    clearInterval(heartbeat)
    held.delete(token)
    releaseEventually(path, text)
  }
}

/** ms between two attempts to remove a lock from a directory that is not writable. */
const releaseRetry = 1_000

/** Releases a lock now, or as soon as its directory is writable: other processes see that this process still runs. */
function releaseEventually(path: string, text: string): void {
  if (!releaseLock(path, text)) setTimeout(() => releaseEventually(path, text), releaseRetry).unref()
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

// how long a waiter only checks whether the lock file is unchanged, before it checks again whether the holder runs
const cheapChecks = 100

async function poll(waiting: Waiting, text: string): Promise<void> {
  const { path, signal, wait, waited, lease } = waiting
  let last: Sighting | undefined
  for (;;) {
    signal?.throwIfAborted()
    if (createLock(path, text)) return
    const holder = readHolder(path)
    if (holder === undefined) continue
    const now = waited()
    if (now >= wait) throw timeoutError(waiting, nameOf(holder))
    last = sighting(holder, last, now)
    const life = lifeOfHolder(holder)
    if (life === 'ended' || (life === 'unknown' && now - last.since > lease)) await evict(holder, waiting)
    else await waitForChange(holder, waiting, Math.min(wait, now + cheapChecks))
  }
}

/** Waits until the lock changes or is released, at most until `until` in running time. */
async function waitForChange(holder: Holder, { path, signal, waited }: Waiting, until: number): Promise<void> {
  do {
    const now = waited()
    // checks become rarer with time; the random part keeps waiters from checking at the same moments
    const interval = Math.min(Math.max(now / 4, 2), 12 + now / 100, 50)
    await pauseUnlessAborted(Math.min(interval, until - now) * (0.5 + Math.random()), signal)
  } while (!signal?.aborted && waited() < until && isUnchanged(path, holder))
}

/**
 * Since when a waiter has seen a holder without a new heartbeat, in the waiter's own running time: the clocks of
 * machines differ, and a stopped waiter sees no heartbeats.
 */
interface Sighting {
  readonly holder: Holder
  readonly since: number
}

function sighting(holder: Holder, last: Sighting | undefined, now: number): Sighting {
  const same =
    last !== undefined && last.holder.text === holder.text && last.holder.lastHeartbeat === holder.lastHeartbeat
  return same ? last : { holder, since: now }
}

/**
 * Removes the lock of a holder that has ended. The waiter does so under a second lock and checks the holder again, so
 * that no other waiter removes it at the same time, and the lock of a successor is not removed by mistake. If the waiter
 * is killed between the two, the next waiter takes over that second lock.
 */
async function evict(holder: Holder, { path, signal, wait, waited, lease, remedy }: Waiting): Promise<void> {
  await holdLock({ path: `${path}.evict`, signal, wait: wait - waited(), lease, remedy }, async () => {
    const now = readHolder(path)
    if (now?.text !== holder.text || now.lastHeartbeat !== holder.lastHeartbeat) return
    for (const temporary of temporariesOf(path, holder)) removeIfPresent(temporary)
    unlinkSync(path)
    sweepAgain()
  })
}

function nameOf({ owner }: Holder): string {
  return owner === undefined ? 'An unknown process' : `Process ${owner.pid} on ${owner.machine.split('~')[0]}`
}

function timeoutError({ path, wait }: Waiting, holder: string): UnavailableError {
  return new UnavailableError(
    'TIMEOUT',
    `${holder} held the lock ${path} for longer than ${Math.round(wait)} ms. Try again; if no such process is running, ` +
      'delete that file.',
    { details: { path } },
  )
}
