import { type ImsError, isImsError } from '../errors.ts'
import type { Setup } from '../setup.ts'

/** What is done under a lock, and under which one. */
export interface LockedTask<T> {
  readonly name: string
  readonly task: () => Promise<T>
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `task` under the platform's lock; without it where the lock itself is broken, as waiting for ever helps nobody.
 * A lock that breaks later takes nothing from what the task did.
 */
export async function locked<T>(setup: Setup, { name, task, signal = never() }: LockedTask<T>): Promise<T> {
  const { platform, connection } = setup
  const asked = connection.clock.now()
  let work: Promise<T> | undefined
  const enter = () => {
    const duration = connection.clock.now() - asked
    if (work === undefined && duration > 0) connection.emit({ type: 'lock-wait', duration })
    work ??= task()
    return work
  }
  try {
    return await platform.lock(name, enter, signal)
  } catch (error) {
    // once the task runs, how it ends is what counts; its own failure came through the lock and is thrown again here
    const result = work === undefined ? undefined : { value: await work }
    if (result === undefined && (signal.aborted || !isMediumFailure(error))) throw error
    noteFailure(setup, error, 'locking')
    return result === undefined ? enter() : result.value
  }
}

const never = () => new AbortController().signal

/** Whether a store or lock failed by itself, be it with a foreign error; what a person has to repair is not that. */
export function isMediumFailure(error: unknown): boolean {
  return !isImsError(error) || error.name === 'UnavailableError'
}

/** Reports a failure that is survived. A foreign error's text may hold anything, so it is not passed on. */
export function noteFailure({ connection }: Setup, error: unknown, during: string): void {
  const known: Pick<ImsError, 'code' | 'message'> | undefined = isImsError(error) ? error : undefined
  connection.emit({ type: 'error', code: known?.code, message: known?.message ?? 'unexpected', during })
}
