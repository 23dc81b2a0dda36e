import { processLock } from '../../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Hold, Lock } from '../../../core/ports.ts'
import { requirePositive } from '../../../core/setup.ts'

export interface WebLockOptions {
  /** ms without a heartbeat after which a holder loses its lock. Default and minimum: 45,000. */
  readonly lease?: number | undefined
}

/** The question of a waiting tab, and the heartbeat of a hold. */
type Message = { readonly ask: string } | { readonly alive: string }

const channelName = 'imskit/locks'
/** A holder that answers none of so many consecutive questions loses its lock. */
const rounds = 9

/** A renewal takes at most 40 s, and a tab in the background answers slowly. */
const shortestLease = 45_000
const longestTimer = 2 ** 31 - 1

let shared: Lock | undefined

const optionNames: OptionNames<WebLockOptions> = { lease: 1 }

/**
 * A lock across the tabs of one browser profile. The browser releases it when a tab closes. A tab that waits asks the
 * holder for a heartbeat, and takes the lock over if a frozen holder has not answered for the lease; a slow holder answers
 * and retains the lock. Only time in which the waiting tab itself was running counts.
 *
 * Without Web Locks (outside a secure context), a lock among the callers of this page.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if `lease` is not a number of ms above 0
 * @example
 * createClient({ flow, store: indexedDbStore(), lock: webLock(), redirect })
 */
export function webLock(options: WebLockOptions = {}): Lock {
  checkOptions('webLock', options, optionNames)
  const { lease = shortestLease } = options
  requirePositive('lease', lease)
  return tabLock(Math.min(Math.max(lease, shortestLease), longestTimer))
}

/** The parts of the browser that a tab uses. */
export interface Tab {
  readonly navigator?: { readonly locks?: Locks | null }
  readonly BroadcastChannel: new (name: string) => Channel
  readonly performance: { now(): number }
  setTimeout(run: () => void): unknown
  setInterval(run: () => void, ms: number): unknown
  clearInterval(timer: unknown): void
}

export type Locks = Pick<LockManager, 'request' | 'query'>
export type Channel = Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>

/** Like {@link webLock}, with any lease. */
export function tabLock(lease: number, tab: Tab = globalThis): Lock {
  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const locks = tab.navigator?.locks
    // null in simulated pages
    if (!locks) {
      // one for the whole page, so that two clients of one page exclude each other
      shared ??= processLock()
      return shared(name, task, signal)
    }
    const id = `imskit ${name}`
    const waiting = new AbortController()
    const stop = () => waiting.abort(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    const watch = watchHolder({ tab, locks, id, step: lease / rounds, overdue: () => waiting.abort(overdue) })
    const arrive = () => {
      watch.end()
      signal?.removeEventListener('abort', stop)
    }
    let work: ReturnType<typeof task> | undefined
    let lost = false
    const held = () => {
      arrive()
      work = holding({ tab, locks, id, isLost: () => lost }, task)
      return work
    }
    try {
      return await locks.request(id, { signal: waiting.signal }, held).catch((error) => {
        if (error !== overdue) throw error
        signal?.throwIfAborted()
        return locks.request(id, { steal: true }, held)
      })
    } catch (error) {
      lost = true
      if (work === undefined) throw error
      // another tab has taken the lock over, but the task has its own result
      return await work
    } finally {
      arrive()
    }
  }
  return Object.assign(lock, { lease })
}

const overdue = /* @__PURE__ */ Symbol('no heartbeat')

interface Place {
  readonly tab: Tab
  readonly locks: Locks
  /** Name of the Web Lock. */
  readonly id: string
}

/**
 * Runs `task` as one hold of the lock. It has a second Web Lock with a name of its own until the task settles, also if
 * the first is taken over meanwhile, so that the browser can tell whether the task is still running.
 */
function holding<T>(
  { tab, locks, id, isLost }: Place & { readonly isLost: () => boolean },
  task: (hold: Hold) => Promise<T>,
): Promise<T> {
  const hold = idMark + crypto.randomUUID()
  const own = holdingName(id, hold)
  return locks.request(own, async () => {
    const channel = new tab.BroadcastChannel(channelName)
    let ended = false
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      // in a timer, because Chromium delivers messages even to frozen pages
      if (textOf(data, 'ask') === id)
        tab.setTimeout(() => ended || channel.postMessage({ alive: hold } satisfies Message))
    }
    try {
      return await task({
        id: hold,
        async stillHeld() {
          const held = await heldLocks(locks)
          const client = held.find(({ name }) => name === own)?.clientId
          // from one answer of the browser, so that it is consistent
          return client !== undefined && held.some((each) => each.name === id && each.clientId === client) && !isLost()
        },
        hasEnded: async (other) =>
          other.startsWith(idMark) && !(await heldLocks(locks)).some(({ name }) => name === holdingName(id, other)),
      })
    } finally {
      ended = true
      channel.close()
    }
  })
}

/** The ids of holds of this kind start with it; the browser does not know others. */
const idMark = 'tab.'
const holdingName = (id: string, hold: string) => `${id} #${hold}`

async function heldLocks(locks: Locks): Promise<LockInfo[]> {
  return (await locks.query()).held ?? []
}

interface Watch extends Place {
  /** ms between two questions */
  readonly step: number
  readonly overdue: () => void
}

/** Asks the holder for a heartbeat, and calls `overdue` if it has not answered {@link rounds} consecutive questions. */
function watchHolder({ tab, locks, id, step, overdue }: Watch): { end(): void } {
  let channel: Channel | undefined
  let silent = 0
  let over = false
  let before: string | undefined
  let last = tab.performance.now()
  let ended: () => void = () => {}
  const end = new Promise<void>((resolve) => {
    ended = resolve
  })
  const ask = () => {
    // the browser may answer after the wait has ended
    if (over) return
    channel ??= new tab.BroadcastChannel(channelName)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const alive = textOf(data, 'alive')
      // a task that has lost the lock may still send heartbeats
      if (alive !== undefined && before?.includes(alive)) silent = 0
    }
    channel.postMessage({ ask: id } satisfies Message)
  }
  // of two waiting tabs, the second must not take the lock over from the first
  const takeOver = (since: number) =>
    locks.request(`${id} takeover`, { ifAvailable: true }, async (turn) => {
      const same = before === (await holderOf({ locks, id }))
      // this tab was frozen meanwhile, and the holder's answers are still queued
      if (tab.performance.now() - since > step) return
      if (turn === null || !same || silent < rounds) {
        silent = 0
        return
      }
      overdue()
      await end
    })
  const tick = async () => {
    const now = tab.performance.now()
    // this tab was frozen or busy, and answers may still be queued
    const delayed = now - last > 2 * step
    last = now
    const holder = await holderOf({ locks, id })
    if (holder === undefined || holder !== before) silent = 0
    else if (!delayed) silent++
    before = holder
    if (silent >= rounds) await takeOver(now)
    ask()
  }
  // if the browser does not report the holder, the next tick asks again
  const timer = tab.setInterval(() => void tick().catch(() => {}), step)
  return {
    end() {
      over = true
      tab.clearInterval(timer)
      channel?.close()
      ended()
    },
  }
}

/** Identifies the hold that has the lock, as the browser reports it. */
async function holderOf({ locks, id }: Pick<Place, 'locks' | 'id'>): Promise<string | undefined> {
  const held = await heldLocks(locks)
  const client = held.find(({ name }) => name === id)?.clientId
  if (client === undefined) return undefined
  const holdings = held.filter((each) => each.clientId === client && each.name?.startsWith(holdingName(id, '')))
  return [client, ...holdings.map(({ name }) => name).sort()].join(' ')
}

function textOf(data: unknown, kind: 'ask' | 'alive'): string | undefined {
  const text = typeof data === 'object' && data !== null && (data as Record<string, unknown>)[kind]
  return typeof text === 'string' ? text : undefined
}
