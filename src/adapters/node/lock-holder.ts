import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { codeOf } from './write-file.ts'

/** Who holds a lock, as the lock itself says. */
export interface Holder {
  /** The whole text of the lock: tells one holding from the next. */
  readonly text: string
  /** When the holder last showed that it lives, in ms since the epoch, by the clock of the file system. */
  readonly seen: number
  readonly pid?: number
  readonly start?: string
  readonly token?: string
  readonly machine?: string
}

let self: { start: string; machine: string } | undefined
let holdings = 0

function thisProcess(): { start: string; machine: string } {
  self ??= { start: startOf(process.pid) ?? '', machine: thisMachine() }
  return self
}

/** A text for a lock of this process that no other holding, here or elsewhere, shares. */
export function newHolding(): { text: string; token: string } {
  const { start, machine } = thisProcess()
  holdings += 1
  const token = `${Date.now().toString(36)}${holdings.toString(36)}${Math.random().toString(36).slice(2, 8)}`
  return { text: `${process.pid}:${start}:${token}:${machine}`, token }
}

/**
 * Makes the lock, unless there is one. A symbolic link that points at its holder's name comes to be in one step
 * together with its content, so no crash leaves a lock that doesn't say whose it was; a plain file is the second best.
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

/** Who holds the lock; `undefined` where nobody does. Throws what the file system throws. */
export function readHolder(path: string): Holder | undefined {
  try {
    const seen = lstatSync(path).mtimeMs
    const text = lockText(path)
    const match = /^(\d{1,10}):(\d*):([a-z0-9]{1,40}):([^:/]{1,200})$/.exec(text)
    if (match === null) return { text, seen }
    const [, pid, start = '', token = '', machine = ''] = match
    return { text, seen, pid: Number(pid), start, token, machine }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function lockText(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    // not a link
    if (codeOf(error) === 'EINVAL' || codeOf(error) === 'UNKNOWN') return readFileSync(path, 'utf8').slice(0, 1000)
    throw error
  }
}

/** Ends a holding. Somebody else's lock is left alone. */
export function releaseLock(path: string, text: string): void {
  try {
    if (lockText(path) === text) unlinkSync(path)
  } catch {}
}

/** Shows the others that the holder lives. */
export function touchLock(path: string, text: string): void {
  try {
    const now = Date.now() / 1000
    if (lockText(path) === text) lutimesSync(path, now, now)
  } catch {}
}

/** Whether the holder is a process of this machine that has ended. `false` also where that can't be known. */
export function isGone({ pid, start, machine }: Holder): boolean {
  if (pid === undefined || machine !== thisProcess().machine) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user
    if (codeOf(error) === 'ESRCH') return true
  }
  const current = startOf(pid)
  return current === 'ended' || (current !== undefined && start !== '' && current !== start)
}

/** Whether {@link isGone} can tell. */
export function isNear({ machine }: Holder): boolean {
  return machine === thisProcess().machine
}

/** When a process began, in the kernel's ticks: tells it from a later one with the same number. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19]
  } catch {
    return undefined
  }
}

/** A name for the set of processes among which process numbers mean something: a boot, a container. */
function thisMachine(): string {
  const parts: string[] = []
  for (const read of [
    // Deno asks for leave
    hostname,
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8),
    () => readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''),
  ]) {
    try {
      parts.push(read())
    } catch {}
  }
  // a machine without a name is like no other: its locks are told dead by their age alone
  return (parts.join('~') || crypto.randomUUID()).replace(/[^\w.~-]/g, '_').slice(0, 200)
}
