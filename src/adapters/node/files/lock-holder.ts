import { lstatSync, lutimesSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { sharedLockState } from './lock-shared.ts'
import { lifeOf, type Owner, thisOwner } from './process-identity.ts'
import { readRegularFile } from './read-file.ts'
import { temporaryName } from './temporary-files.ts'
import { codeOf } from './write-file.ts'

/** The holder of a lock, as read from the lock itself. */
export interface Holder {
  /** The whole text of the lock; every hold has a different one. */
  readonly text: string
  /** Time of the holder's last heartbeat, in ms since the epoch, by the clock of the file system. */
  readonly lastHeartbeat: number
  /** The inode number of the lock file. */
  readonly inode: number
  /** Absent if the text does not name a holder. */
  readonly owner?: Owner
  readonly token?: string
}

let holds = 0

/** One hold: the text of its lock, its unique token, and its temporary file. */
export interface LockHold {
  readonly text: string
  readonly token: string
  readonly temporary: string
}

/** A hold of this thread; its text is unique across all processes. */
export function newHold(path: string): LockHold {
  const { pid, start, thread, machine } = thisOwner()
  holds += 1
  const token = `${sharedLockState().realm}${Date.now().toString(36)}${holds.toString(36)}${Math.random().toString(36).slice(2, 8)}`
  const text = `${pid}:${thread === '' ? start : `${start}.${thread}`}:${token}:${machine}`
  return { text, token, temporary: temporaryName(path, thisOwner(), token) }
}

/**
 * Creates the lock, unless it exists. Creating a symbolic link writes its target, the holder's name, in the same step,
 * so a crash cannot leave a lock without a holder. On file systems without symbolic links, the lock is a plain file.
 */
export function createLock(path: string, text: string): boolean {
  for (let again = false; ; again = true) {
    try {
      if (process.platform === 'win32') writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
      else createLink(path, text)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      if (codeOf(error) !== 'ENOENT' || again) throw error
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    }
  }
}

function createLink(path: string, text: string): void {
  try {
    symlinkSync(text, path)
  } catch (error) {
    // errors of file systems without symbolic links
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'UNKNOWN'].includes(codeOf(error))) throw error
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  }
}

/** The holder of the lock; `undefined` if it is free. Throws the error of the file system. */
export function readHolder(path: string): Holder | undefined {
  try {
    const { mtimeMs: lastHeartbeat, ino: inode } = lstatSync(path)
    return { ...parseHolder(textIn(path)), lastHeartbeat, inode }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether the lock is still the one that `holder` was read from, without a heartbeat since: one system call. */
export function isUnchanged(path: string, { lastHeartbeat, inode }: Holder): boolean {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats?.ino === inode && stats.mtimeMs === lastHeartbeat
  } catch {
    return false
  }
}

/** The text of the lock; `undefined` if it is free. Throws the error of the file system. */
export function lockText(path: string): string | undefined {
  try {
    return textIn(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function parseHolder(text: string): Omit<Holder, 'lastHeartbeat' | 'inode'> {
  const match = /^(\d{1,10}):(\d*)(?:\.(w\d+|\d+\.\d+))?:([a-z0-9]{1,60}):([^:/]{1,200})$/.exec(text)
  if (match === null) return { text }
  const [, pid, start = '', thread = '', token = '', machine = ''] = match
  return { text, token, owner: { pid: Number(pid), start, thread, machine } }
}

function textIn(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    // not a link
    if (codeOf(error) !== 'EINVAL' && codeOf(error) !== 'UNKNOWN') throw error
  }
  const text = readRegularFile(path)
  if (text === undefined) throw Object.assign(new Error(), { code: 'not a lock' })
  return text.slice(0, 1000)
}

/**
 * Releases the lock, unless another holder has it.
 *
 * @returns whether this hold no longer has the lock; `false` if the file system did not allow it
 */
export function releaseLock(path: string, text: string): boolean {
  try {
    if (textIn(path) === text) unlinkSync(path)
    return true
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}

/** Records a heartbeat. */
export function touchLock(path: string, text: string): void {
  try {
    const now = Date.now() / 1000
    if (textIn(path) === text) lutimesSync(path, now, now)
  } catch {}
}

/** What is known about a holder. An `unknown` holder counts as ended after a lease without a heartbeat. */
export function lifeOfHolder(holder: Pick<Holder, 'owner' | 'text'>): 'ended' | 'alive' | 'unknown' {
  // includes a hold of this process whose lock file could not be removed
  if (hasEnded(holder.text)) return 'ended'
  return holder.owner === undefined ? 'unknown' : lifeOf(holder.owner)
}

/** Whether the hold that wrote `text` into a lock is known to have ended, even if its process still runs. */
export function hasEnded(text: string): boolean {
  const { owner, token } = parseHolder(text)
  if (owner === undefined || token === undefined) return false
  const { realm, held } = sharedLockState()
  const { pid, start, machine } = thisOwner()
  const ours = owner.pid === pid && owner.start === start && owner.machine === machine && token.startsWith(realm)
  return ours ? !held.has(token) : lifeOf(owner) === 'ended'
}

/** The temporary files that a holder may have used, including those of an earlier version. */
export function temporariesOf(path: string, { owner, token }: Pick<Holder, 'owner' | 'token'>): string[] {
  if (owner === undefined || token === undefined) return []
  return [temporaryName(path, owner, token), `${path}.${token}.tmp`]
}
