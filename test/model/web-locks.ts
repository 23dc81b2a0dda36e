import type { Locks } from '../../src/adapters/browser/storage/lock-web.ts'
import { perform, short, type Wires } from './ports.ts'
import type { Process } from './scheduler.ts'

/** One request for a Web Lock, as the browser knows it. */
export interface Request {
  readonly name: string
  readonly process: Process
  /** The page has given it up. */
  left: boolean
  /** When the browser granted it, and when the page began its task. */
  grantedAt?: number
  begunAt?: number
  /** Runs in the page: the lock is granted, or was taken over. */
  granted?: () => void
  broken: () => void
}

/** Is told of every lock that is taken over, with all that are held, and when the page asked for it. */
export type Taken = (victim: Request, held: readonly Request[], sentAt: number) => void

export interface WebLocks {
  locksOf(process: Process): Locks
  gone(process: Process): void
  left(): string[]
}

/** Web Locks: what a page asks for reaches the browser later, and the page learns later still what has come of it. */
export function createWebLocks(wires: Wires, taken: Taken): WebLocks {
  const { scheduler, random, history } = wires
  /** The first of a queue has the lock. */
  const queues = new Map<string, Request[]>()
  const queueOf = (name: string) => {
    const queue = queues.get(name) ?? []
    queues.set(name, queue)
    return queue
  }
  const first = (queue: readonly Request[]) => queue.slice(0, 1)
  const allHeld = () => [...queues.values()].flatMap(first)

  function promote(name: string): void {
    const [next] = queueOf(name)
    if (next === undefined || next.grantedAt !== undefined) return
    next.grantedAt = scheduler.now()
    next.granted?.()
  }

  function drop(request: Request): void {
    const queue = queueOf(request.name)
    const at = queue.indexOf(request)
    if (at < 0) return
    queue.splice(at, 1)
    promote(request.name)
    if (queue.length === 0) queues.delete(request.name)
  }

  /** @returns whether there is anything to wait for */
  function enter(request: Request, { ifAvailable, steal }: LockOptions, sentAt: number): boolean {
    const queue = queueOf(request.name)
    const [holder] = queue
    if (request.left || request.process.state === 'gone' || (ifAvailable && holder !== undefined)) return false
    if (!steal) queue.push(request)
    else if (holder === undefined) queue.unshift(request)
    else {
      history.add('browser', () => `takes ${brief(request.name)} from ${holder.process.name}`)
      taken(holder, allHeld(), sentAt)
      queue[0] = request
      scheduler.within(holder.process, 0, holder.broken)
    }
    promote(request.name)
    return true
  }

  function ask<T>(process: Process, { name, options, task }: Asked<T>): Promise<T> {
    const { signal } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      let settled = false
      const settle = (how: () => void) => {
        if (settled) return
        settled = true
        signal?.removeEventListener('abort', leave)
        how()
      }
      const fail = (error: unknown) => settle(() => reject(error))
      const request: Request = {
        name,
        process,
        left: false,
        broken: () => fail(new DOMException('The lock was stolen.', 'AbortError')),
      }
      const release = () => perform(wires, process, { text: `release ${brief(name)}`, effect: () => drop(request) })
      const leave = () => {
        request.left = true
        fail(signal?.reason)
        void release()
      }
      signal?.addEventListener('abort', leave, { once: true })
      const run = (lock: Lock | null) => {
        if (settled) return
        signal?.removeEventListener('abort', leave)
        if (lock !== null) request.begunAt = scheduler.now()
        const work = (async () => task(lock))()
        work
          .catch(() => {})
          .then(release)
          .then(() => work)
          .then((value) => settle(() => resolve(value)), fail)
      }
      const sentAt = scheduler.now()
      const lock: Lock = { name, mode: 'exclusive' }
      const arrive = () =>
        scheduler.within(process, short(random), () => {
          history.add(process.name, () => `has ${brief(name)}`)
          run(lock)
        })
      perform(wires, process, {
        medium: 'lock',
        text: `locks.request ${brief(name)}${options.steal ? ' by force' : options.ifAvailable ? ' if it is free' : ''}`,
        effect: () => enter(request, options, sentAt),
        failed: () => drop(request),
      }).then((waits) => {
        if (!waits) return run(null)
        if (request.grantedAt !== undefined) return arrive()
        request.granted = arrive
      }, fail)
    })
  }

  return {
    locksOf: (process) => ({
      request: <T>(name: string, ...more: [LockGrantedCallback<T>] | [LockOptions, LockGrantedCallback<T>]) => {
        const [options, task] = more.length === 1 ? [{}, more[0]] : more
        return ask(process, { name, options, task: async (lock) => await task(lock) })
      },
      query: () =>
        perform(wires, process, {
          medium: 'lock',
          text: 'locks.query',
          shown: ({ held }) => held.map(({ clientId, name }) => `${clientId} has ${brief(name ?? '')}`).join(', '),
          effect: () => ({ held: allHeld().map(infoOf), pending: [...queues.values()].flatMap(rest).map(infoOf) }),
        }),
    }),
    left: () => allHeld().map(({ process, name }) => `${brief(name)} of ${process.name}`),
    gone(process) {
      for (const queue of [...queues.values()])
        for (const request of queue.filter((each) => each.process === process)) drop(request)
    },
  }
}

interface Asked<T> {
  readonly name: string
  readonly options: LockOptions
  readonly task: (lock: Lock | null) => Promise<T>
}

const rest = (queue: readonly Request[]) => queue.slice(1)
const infoOf = ({ name, process }: Request): LockInfo => ({ name, mode: 'exclusive', clientId: process.name })

/** The name of a Web Lock for the history. */
export const brief = (name: string) => name.replace(/^imskit imskit\/tokens\/[^ ]*/, 'the lock')
