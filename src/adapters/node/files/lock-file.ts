import { join, resolve } from 'node:path'
import { ConfigurationError } from '../../../core/errors.ts'
import { lazy } from '../../../core/lazy.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Lock } from '../../../core/ports.ts'
import { longestTimer } from '../../../core/time.ts'
import { fileNameOf } from './file-name.ts'
import { placeRemedy, requireOwnDirectory, stateDirectory } from './state-directory.ts'

// a program that reads a stored token takes no lock
const loadHold = lazy(() => import('./lock-hold.ts'))

export interface LockFileOptions {
  /** Stops waiting; the promise rejects with its unchanged reason. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for other holders, in ms in which this process runs. Default: 60 000. */
  readonly wait?: number | undefined
  /**
   * The time without a heartbeat, in ms, after which a holder loses the lock if its process cannot be inspected: on
   * another machine, in another container, or on a platform other than Linux. Holders send five heartbeats per lease.
   * Default: 15 000.
   */
  readonly lease?: number | undefined
}

export interface FileLockOptions {
  /** Default: `$XDG_STATE_HOME/imskit/locks`, else `~/.local/state/imskit/locks`; created with mode 0700. */
  readonly directory?: string | undefined
  /** How long to wait for other holders, in ms in which this process runs. Default and minimum: `lease` + 45 000. */
  readonly wait?: number | undefined
  /**
   * The time without a heartbeat, in ms, after which a holder loses the lock if its process cannot be inspected: on
   * another machine, in another container, or on a platform other than Linux. Holders send five heartbeats per lease.
   * Default: 15 000; at least 10 000.
   */
  readonly lease?: number | undefined
}

const defaultLease = 15_000
const shortestLease = 10_000
// a renewal may take 40 s, and taking over an expired lock takes a moment
const patience = 45_000

const optionNames: OptionNames<FileLockOptions> = { directory: 'string', wait: 1, lease: 1 }

/**
 * A lock across the processes and threads of one user, as files in one directory.
 *
 * If a process or worker thread ends without releasing a lock, even by SIGKILL, the next caller takes the lock over. On
 * Linux a holder that runs on this machine never loses its lock, even while it is stopped; on other systems it does
 * after a lease without a heartbeat. Not reentrant: a task must not request the name that it holds.
 *
 * @example
 * const lock = fileLock({ directory: '/var/lib/my-app/locks' })
 * await lock('import', async () => importOnce())
 *
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
    const { holdLock, holdOf } = await loadHold()
    return holdLock({ path, signal, wait, lease, remedy: placeRemedy }, (hold) => task(holdOf(path, hold)))
  }
  return Object.assign(lock, { lease })
}

function atLeast(name: string, value: unknown, { least, usual }: { least: number; usual: number }): number {
  if (value === undefined) return usual
  if (typeof value === 'number' && value > 0) return Math.min(Math.max(value, least), longestTimer)
  throw new ConfigurationError('BAD_OPTION', `${name} must be a number of milliseconds above 0.`)
}

/**
 * Runs `task` while this process holds the lock file at `path`, like {@link fileLock} does for a name.
 * `temporary` is the name of a file next to the lock; if this process dies, it is removed together with the lock.
 * @throws UnavailableError `TIMEOUT` or `STORE_FAILED`, naming `path`
 */
export async function withLockFile<T>(
  path: string,
  task: (temporary: string) => Promise<T>,
  { signal, wait = 60_000, lease = defaultLease }: LockFileOptions = {},
): Promise<T> {
  const remedy = 'Check that this user can write to its directory.'
  const request = { path: resolve(path), signal, wait, lease, remedy }
  return (await loadHold()).holdLock(request, ({ temporary }) => task(temporary))
}
