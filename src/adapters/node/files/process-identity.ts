import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A thread of a process, as identified in locks and temporary files. */
export interface Owner {
  readonly pid: number
  /** When the process started, in the kernel's ticks; empty if the platform does not provide it. */
  readonly start: string
  /**
   * Empty for the main thread; `<thread id>.<start>` for a worker thread; `w<random number>` for every thread if the
   * platform does not provide an id.
   */
  readonly thread: string
  readonly machine: string
}

/** Whether an owner still runs. `unknown`: only its heartbeats can show. */
export type Life = 'ended' | 'alive' | 'unknown'

let self: Owner | undefined

export function thisOwner(): Owner {
  self ??= {
    pid: process.pid,
    start: startIn(`/proc/${process.pid}/stat`) ?? '',
    thread: thisThread(),
    machine: thisMachine(),
  }
  return self
}

/**
 * What this machine knows about `owner`. Linux is certain, also for worker threads and stopped processes. On other
 * systems only the end of a process is certain, because its id may now belong to a later process.
 */
export function lifeOf({ pid, start, thread, machine }: Owner): Life {
  if (machine !== thisOwner().machine) return 'unknown'
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process exists and belongs to another user
    if ((error as { code?: unknown }).code === 'ESRCH') return 'ended'
  }
  const now = startIn(`/proc/${pid}/stat`)
  if (now === undefined || now === 'ended') return now ?? 'unknown'
  if (start === '') return 'unknown'
  if (now !== start) return 'ended'
  if (thread === '') return 'alive'
  return lifeOfThread(pid, thread)
}

function lifeOfThread(pid: number, thread: string): Life {
  const [number, start] = thread.split('.')
  if (start === undefined) return isStopped(pid) ? 'alive' : 'unknown'
  return startIn(`/proc/${pid}/task/${number}/stat`) === start ? 'alive' : 'ended'
}

/** The start of a process or thread, which distinguishes it from a later one with the same id; `ended` for a zombie. */
function startIn(path: string): string | undefined {
  const fields = statFields(path)
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? 'ended' : fields?.[19]
}

/** Whether the process was stopped by SIGSTOP or a debugger. */
function isStopped(pid: number): boolean {
  const state = statFields(`/proc/${pid}/stat`)?.[0]
  return state === 'T' || state === 't'
}

function statFields(path: string): string[] | undefined {
  try {
    const stat = readFileSync(path, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function thisThread(): string {
  try {
    const [pid, , number] = readlinkSync('/proc/thread-self').split('/')
    if (number === String(process.pid)) return ''
    const start = startIn(`/proc/${pid}/task/${number}/stat`)
    if (pid === String(process.pid) && start !== undefined) return `${number}.${start}`
  } catch {}
  // any unique name will do, because no kernel provides an id; `node:worker_threads` would take longer to load
  return `w${Math.floor(Math.random() * 1e9)}`
}

/** A name for the set of processes that share process ids: one boot, one container. */
function thisMachine(): string {
  const parts: string[] = []
  for (const read of [
    // Deno asks for permission
    hostname,
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8),
    () => readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''),
  ]) {
    try {
      parts.push(read())
    } catch {}
  }
  // a machine without a name gets a unique one: then only the age of its locks shows whether they are abandoned
  return (parts.join('~') || crypto.randomUUID()).replace(/[^\w.~-]/g, '_').slice(0, 200)
}
