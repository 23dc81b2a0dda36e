import { lstatSync, lutimesSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { shared } from './lock-shared.ts'
import { lifeOf, type Owner, thisOwner } from './process-identity.ts'
import { readRegularFile } from './read-file.ts'
import { temporaryName } from './temporary-files.ts'
import { codeOf } from './write-file.ts'

/** Who holds a lock, as the lock itself says. */
export interface Holder {
  /** The whole text of the lock: tells one holding from the next. */
  readonly text: string
  /** When the holder last gave a sign of life, in ms since the epoch, by the clock of the file system. */
  readonly seen: number
  /** The file system's number for the lock's file. */
  readonly file: number
  /** Absent if the text names no holder. */
  readonly owner?: Owner
  readonly token?: string
}

let holdings = 0

/** One holding: the text of its lock, a token of its own, and its temporary file. */
export interface Holding {
  readonly text: string
  readonly token: string
  readonly scratch: string
}

/** A holding for this thread whose text no other shares, in any process. */
export function newHolding(path: string): Holding {
  const { pid, start, thread, machine } = thisOwner()
  holdings += 1
  const token = `${shared().realm}${Date.now().toString(36)}${holdings.toString(36)}${Math.random().toString(36).slice(2, 8)}`
  const text = `${pid}:${thread === '' ? start : `${start}.${thread}`}:${token}:${machine}`
  return { text, token, scratch: temporaryName(path, thisOwner(), token) }
}

/**
 * Creates the lock, unless there is one. A symbolic link that points at its holder's name is created in one step
 * together with its content, so no crash leaves a lock that doesn't name its holder; a plain file is the second best.
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
    // what file systems without symbolic links answer
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'UNKNOWN'].includes(codeOf(error))) throw error
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  }
}

/** Who holds the lock; `undefined` if it is free. Throws what the file system throws. */
export function readHolder(path: string): Holder | undefined {
  try {
    const { mtimeMs: seen, ino: file } = lstatSync(path)
    return { ...parseHolder(textIn(path)), seen, file }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether the lock is still the one in which `holder` was read, and gave no sign since: costs a single look. */
export function isUnchanged(path: string, { seen, file }: Holder): boolean {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats?.ino === file && stats.mtimeMs === seen
  } catch {
    return false
  }
}

/** The text of the lock; `undefined` if it is free. Throws what the file system throws. */
export function lockText(path: string): string | undefined {
  try {
    return textIn(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function parseHolder(text: string): Omit<Holder, 'seen' | 'file'> {
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
 * Ends a holding. A lock that another holder has is left alone.
 *
 * @returns whether this holding no longer has the lock; `false` if the file system did not allow it
 */
export function releaseLock(path: string, text: string): boolean {
  try {
    if (textIn(path) === text) unlinkSync(path)
    return true
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}

/** Gives the others a sign of life. */
export function touchLock(path: string, text: string): void {
  try {
    const now = Date.now() / 1000
    if (textIn(path) === text) lutimesSync(path, now, now)
  } catch {}
}

/** What is known about a holder: an `unknown` one is gone once it has given no sign of life for the lease. */
export function lifeOfHolder(holder: Pick<Holder, 'owner' | 'text'>): 'ended' | 'alive' | 'unknown' {
  // a holding of this process whose release failed has ended too
  if (hasEnded(holder.text)) return 'ended'
  return holder.owner === undefined ? 'unknown' : lifeOf(holder.owner)
}

/** Whether the holding that wrote `text` into a lock is known to have ended, also while its process goes on. */
export function hasEnded(text: string): boolean {
  const { owner, token } = parseHolder(text)
  if (owner === undefined || token === undefined) return false
  const { realm, held } = shared()
  const { pid, start, machine } = thisOwner()
  const ours = owner.pid === pid && owner.start === start && owner.machine === machine && token.startsWith(realm)
  return ours ? !held.has(token) : lifeOf(owner) === 'ended'
}

/** The temporary files that a holder may have used, also of an earlier version. */
export function scratchesOf(path: string, { owner, token }: Pick<Holder, 'owner' | 'token'>): string[] {
  if (owner === undefined || token === undefined) return []
  return [temporaryName(path, owner, token), `${path}.${token}.tmp`]
}
