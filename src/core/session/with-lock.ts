import { onAbort } from '../async.ts'
import { type ImsError, isImsError, UnavailableError } from '../errors.ts'
import { noLock } from '../memory.ts'
import type { Hold } from '../ports.ts'
import { safeCause } from '../redact.ts'
import type { Setup } from '../setup.ts'
import { fireAfter, stopwatch } from '../time.ts'
import { mediumLimit, signOutWait } from './times.ts'

/** What runs under a lock, under which one, and how long it waits for it. */
export interface LockedTask<T> {
  readonly name: string
  readonly task: (hold: Hold) => Promise<T>
  /** ms of running time to wait for the lock. */
  readonly wait: number
  readonly signal?: AbortSignal | undefined
  /** Asked again and again while the task waits: a value ends the wait, as another caller has done the work. */
  readonly leave?: (() => Promise<T | undefined>) | undefined
}

/** How it went: the task's value, or the failure of a lock under which the task never ran. */
export type Locked<T> = { readonly value: T } | { readonly failure: unknown }

const firstLook = 50
const slowestLook = 1_000

/**
 * Runs `task` under the platform's lock, at most once. Once it runs, its own outcome is the outcome, even if the lock
 * fails to be released. Waiting counts running time: the time in which a process was suspended does not count.
 *
 * @throws what `task` throws, or the reason of `signal`
 */
export async function withLock<T>(setup: Setup, locked: LockedTask<T>): Promise<Locked<T>> {
  const { platform, connection } = setup
  const { name, task, signal } = locked
  signal?.throwIfAborted()
  const waited = stopwatch(connection.clock)
  const leaving = new AbortController()
  const looking = new AbortController()
  const listening = onAbort(signal, () => leaving.abort(signal?.reason))
  let work: Promise<T> | undefined
  const enter = (hold: Hold | undefined) => {
    // a lock that ignores its signal may come when it is no longer wanted
    if (work === undefined && leaving.signal.aborted) return Promise.reject(leaving.signal.reason)
    looking.abort(noLongerNeeded)
    if (work === undefined && waited() > 0) connection.emit({ type: 'lock-wait', duration: waited() })
    work ??= task(hold ?? unknownHold)
    return work
  }
  const granted = Promise.resolve(platform.lock(name, enter, leaving.signal)).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  try {
    const left = await Promise.race([granted.then(() => undefined), lookWhileWaiting(setup, locked, looking.signal)])
    if (work === undefined && left !== undefined) {
      leaving.abort(noLongerNeeded)
      return left
    }
    if (work !== undefined) return await outcomeOf(setup, work, granted)
    const failed = await granted
    signal?.throwIfAborted()
    return {
      failure: failed?.error ?? new UnavailableError('STORE_FAILED', 'The lock ended without running its task.'),
    }
  } finally {
    looking.abort(noLongerNeeded)
    listening()
  }
}

// a reason of its own costs less than the DOMException of an abort without one
const noLongerNeeded = /* @__PURE__ */ Symbol('no longer needed')
/** The holding of a lock that passes none to its task. */
const unknownHold: Hold = { stillHeld: async () => true }

/** Resolves if the task need not run any more or has waited too long; to `undefined` once it runs. */
function lookWhileWaiting<T>(
  { connection: { clock } }: Setup,
  { wait, leave }: LockedTask<T>,
  entered: AbortSignal,
): Promise<Locked<T> | undefined> {
  return new Promise((resolve) => {
    let asking = false
    const look = async () => {
      if (asking || leave === undefined) return
      asking = true
      const value = await leave().catch(() => undefined)
      asking = false
      if (value !== undefined) resolve({ value })
    }
    const waiting = async () => {
      for (let waited = 0, step = firstLook; waited < wait; step = Math.min(step * 2, slowestLook)) {
        const pause = Math.min(step, wait - waited)
        await clock.sleep(pause, entered)
        waited += pause
        // not awaited: a store that does not answer must not make the wait longer
        void look()
      }
      const message = `Another caller held the lock for longer than ${wait} ms. Try again later.`
      return { failure: new UnavailableError('TIMEOUT', message) }
    }
    waiting().then(resolve, () => resolve(undefined))
  })
}

/** A lock that cannot be released takes nothing from what the task did, and is not waited for without end. */
async function outcomeOf<T>(
  setup: Setup,
  work: Promise<T>,
  granted: Promise<{ readonly error: unknown } | undefined>,
): Promise<{ readonly value: T }> {
  await work.catch(() => undefined)
  const released = await within(setup, granted, signOutWait).catch(() => undefined)
  const value = await work
  if (released !== undefined) noteFailure(setup, released.error, 'locking')
  return { value }
}

/**
 * `work`, or a rejection with `STORE_FAILED` after `limit` ms.
 *
 * @throws {UnavailableError} `STORE_FAILED`
 */
export function within<T>({ connection: { clock } }: Setup, work: Promise<T>, limit = mediumLimit): Promise<T> {
  return new Promise((resolve, reject) => {
    const tooLate = () => {
      const message = `The store or lock did not answer within ${limit} ms. Try again later.`
      reject(new UnavailableError('STORE_FAILED', message))
    }
    work.then(resolve, reject).finally(fireAfter(clock, limit, tooLate))
  })
}

/**
 * Runs `task` under the lock if that comes soon, otherwise without it: for what must not fail because of a lock.
 *
 * @param task receives whether the lock is held
 */
export async function withLockIfSoon<T>(setup: Setup, name: string, task: (held: boolean) => Promise<T>): Promise<T> {
  const outcome = await withLock(setup, { name, task: () => task(true), wait: signOutWait })
  if ('value' in outcome) return outcome.value
  if (!isMediumFailure(outcome.failure)) throw outcome.failure
  noteFailure(setup, outcome.failure, 'locking')
  return noLock(name, () => task(false))
}

/** Whether a store or lock failed by itself, even with a foreign error; a mistake in code or configuration is not that. */
export function isMediumFailure(error: unknown): boolean {
  return !isImsError(error) || error.name === 'UnavailableError'
}

/** `error` of a store or lock as one that says to try again later; a mistake in code or configuration stays what it is. */
export function asUnavailable(error: unknown, message: string): Error {
  if (isImsError(error)) return error
  return new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
}

/** Reports a failure that the caller does not see. A foreign error's text may hold anything, so it is not passed on. */
export function noteFailure({ connection }: Pick<Setup, 'connection'>, error: unknown, during: string): void {
  const known: Pick<ImsError, 'code' | 'message'> | undefined = isImsError(error) ? error : undefined
  connection.emit({ type: 'error', code: known?.code, message: known?.message ?? 'unexpected', during })
}
