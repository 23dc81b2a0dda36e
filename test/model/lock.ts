import { untilAborted } from '../../src/core/async.ts'
import type { Hold, Lock } from '../../src/core/ports.ts'
import type { Setting } from './plan.ts'
import { perform, short, type Wires } from './ports.ts'
import type { Process } from './scheduler.ts'

interface Holding {
  readonly id: string
  readonly process: Process
  /** Its task has settled. */
  ended: boolean
  /** The lock knows that. */
  released: boolean
  /** When the lock last heard of a holder that says no more. */
  silentSince?: number
  granted?: () => void
  /** It no longer wants the lock. */
  left?: boolean
}

/** A lock between processes. */
export interface LockService {
  lockOf(process: Process): Lock
  /** A process is gone. */
  gone(process: Process): void
  /** What is held or open though nobody uses it, if that can be told. */
  left?(): string[]
}

export function createLockService(wires: Wires, { lease, knows }: Setting): LockService {
  const { scheduler, faults, history, random } = wires
  const queues = new Map<string, Holding[]>()
  const all = new Map<string, Holding>()
  let made = 0

  const queueOf = (name: string) => {
    const queue = queues.get(name) ?? []
    queues.set(name, queue)
    return queue
  }

  /** When the lock last heard of this holder; `undefined`: it still hears of it. */
  function silence({ process, silentSince }: Holding): number | undefined {
    return silentSince ?? (process.state === 'running' ? undefined : process.since)
  }

  /** The first in the queue has the lock. It loses it if nothing has been heard of it for a lease. */
  function promote(name: string): void {
    const [first] = queueOf(name)
    if (first === undefined) return
    if (knows && first.process.state === 'gone') {
      leave(name, first)
      return
    }
    const grant = first.granted
    delete first.granted
    grant?.()
    if (lease !== undefined) watch(name, first, lease)
  }

  function watch(name: string, holding: Holding, lease: number): void {
    scheduler.after(1_000, () => {
      const queue = queueOf(name)
      if (queue[0] !== holding) return
      const silent = silence(holding)
      if (silent === undefined || silent + lease > scheduler.now()) return watch(name, holding, lease)
      history.add('lock', () => `takes ${holding.id} from ${holding.process.name}, of which it hears no more`)
      faults.note('lock taken over after its lease')
      leave(name, holding)
    })
  }

  function leave(name: string, holding: Holding): void {
    const queue = queueOf(name)
    const at = queue.indexOf(holding)
    if (at >= 0) queue.splice(at, 1)
    if (at === 0) promote(name)
  }

  /** A server that holds locks in memory starts again and has forgotten who held them. */
  function restart(name: string): void {
    const [first] = queueOf(name)
    if (lease === undefined || first === undefined || !faults.happens('lock', 0.03)) return
    faults.note('lock forgotten by its server')
    history.add('lock', () => `has forgotten that ${first.process.name} holds it`)
    leave(name, first)
  }

  function enter(name: string, holding: Holding, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal?.reason)
      signal?.addEventListener('abort', stop, { once: true })
      const arrive = () =>
        scheduler.within(holding.process, short(random), () => {
          signal?.removeEventListener('abort', stop)
          if (!signal?.aborted) history.add(holding.process.name, () => `has the lock as ${holding.id}`)
          resolve()
        })
      // one that is no longer in the queue had its turn, and lost it before it heard of that
      if (queueOf(name).indexOf(holding) <= 0) return arrive()
      holding.granted = arrive
    })
  }

  const lockOf = (process: Process): Lock => {
    const ask = (name: string, holding: Holding) => {
      const lost = () => {
        if (lease === undefined) leave(name, holding)
        else holding.silentSince = scheduler.now()
      }
      return perform(wires, process, {
        medium: 'lock',
        text: `lock.acquire ${holding.id}`,
        effect: () => {
          if (!holding.left && queueOf(name).push(holding) === 1) promote(name)
        },
        failed: lost,
      })
    }
    const holdOf = (name: string, holding: Holding): Hold => ({
      id: holding.id,
      stillHeld: () =>
        perform(wires, process, {
          medium: 'lock',
          text: `lock.stillHeld ${holding.id}`,
          effect: () => {
            restart(name)
            return queueOf(name)[0] === holding
          },
        }),
      hasEnded: (id) =>
        perform(wires, process, {
          medium: 'lock',
          text: `lock.hasEnded ${id}`,
          effect: () => {
            const other = all.get(id)
            if (other === undefined) return false
            return knows ? other.ended || other.process.state === 'gone' : other.released
          },
        }),
    })
    const release = (name: string, holding: Holding) =>
      perform(wires, process, {
        medium: 'lock',
        text: `lock.release ${holding.id}`,
        effect: () => {
          holding.released = true
          leave(name, holding)
        },
        failed: () => {
          if (lease === undefined) leave(name, holding)
          else holding.silentSince ??= scheduler.now()
        },
      })
    const lock: Lock = async (name, task, signal) => {
      signal?.throwIfAborted()
      const holding: Holding = { id: `hold-${++made}`, process, ended: false, released: false }
      all.set(holding.id, holding)
      try {
        await untilAborted(
          ask(name, holding).then(() => enter(name, holding, signal)),
          signal,
        )
        signal?.throwIfAborted()
      } catch (error) {
        if (signal?.aborted) {
          holding.left = true
          leave(name, holding)
        }
        throw error
      }
      try {
        return await task(holdOf(name, holding))
      } finally {
        holding.ended = true
        await release(name, holding)
      }
    }
    return lease === undefined ? lock : Object.assign(lock, { lease })
  }

  return {
    lockOf,
    gone(process) {
      if (!knows) return
      for (const [name, queue] of queues)
        for (const holding of queue.filter((each) => each.process === process)) leave(name, holding)
    },
  }
}
