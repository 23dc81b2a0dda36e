import { processLock } from '../../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Hold, Lock } from '../../../core/ports.ts'
import { requirePositive } from '../../../core/setup.ts'

export interface WebLockOptions {
  /** After how many ms without a sign of life a holder loses its lock. Default, and at least: 45,000. */
  readonly lease?: number | undefined
}

/** What a tab that waits asks about a lock, and the sign of life of a holding. */
type Message = { readonly ask: string } | { readonly alive: string }

const channelName = 'imskit/locks'
/** A holder is asked this many times in a row, and loses its lock if it answers none of them. */
const rounds = 9

/** A renewal takes 40 s at the most, and a tab in the background answers slowly. */
const shortestLease = 45_000
const longestTimer = 2 ** 31 - 1

let shared: Lock | undefined

const optionNames: OptionNames<WebLockOptions> = { lease: 1 }

/**
 * A lock across the tabs of one browser profile. The browser releases it when a tab closes. A tab that waits asks the
 * holder for a sign of life, and takes the lock over if a frozen holder has not answered for the lease; a holder that is
 * only slow answers and keeps it. Only time in which the waiting tab itself was running counts.
 *
 * Without Web Locks (outside a secure context), a lock among the callers of this page.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if `lease` is not a number of ms above 0
 */
export function webLock(options: WebLockOptions = {}): Lock {
  checkOptions('webLock', options, optionNames)
  const { lease = shortestLease } = options
  requirePositive('lease', lease)
  return tabLock(Math.min(Math.max(lease, shortestLease), longestTimer))
}

/** What a tab uses of its browser. */
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

/** As {@link webLock}, with any lease. */
export function tabLock(lease: number, tab: Tab = globalThis): Lock {
  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const locks = tab.navigator?.locks
    // null in simulated pages
    if (!locks) {
      // one for the page: two clients of a page exclude each other too
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
      // the lock was taken over, and the task still has its own outcome
      return await work
    } finally {
      arrive()
    }
  }
  return Object.assign(lock, { lease })
}

const overdue = /* @__PURE__ */ Symbol('the holder showed no sign of life')

interface Place {
  readonly tab: Tab
  readonly locks: Locks
  /** Name of the Web Lock. */
  readonly id: string
}

/**
 * Runs `task` as one holding of the lock. It has a second Web Lock with a name of its own until the task settles, also if
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
      // by a timer: Chromium still delivers messages to a page that it has frozen
      if (textOf(data, 'ask') === id)
        tab.setTimeout(() => ended || channel.postMessage({ alive: hold } satisfies Message))
    }
    try {
      return await task({
        id: hold,
        async stillHeld() {
          const held = await heldLocks(locks)
          const client = held.find(({ name }) => name === own)?.clientId
          // in one answer of the browser, so that nothing changes in between
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

/** Begins the ids of holdings of this kind; the browser knows nothing of any other. */
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

/** Asks the holder for a sign of life, and reports if it has given none to any of {@link rounds} questions in a row. */
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
      // another task, which has lost the lock, may be running too
      if (alive !== undefined && before?.includes(alive)) silent = 0
    }
    channel.postMessage({ ask: id } satisfies Message)
  }
  // two tabs that wait must not both take the lock over, the second from the first
  const takeOver = (since: number) =>
    locks.request(`${id} takeover`, { ifAvailable: true }, async (turn) => {
      const same = before === (await holderOf({ locks, id }))
      // this tab was frozen meanwhile, and what the holder has answered since comes next
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
    // this tab itself was frozen or busy, and answers may still be on their way
    const late = now - last > 2 * step
    last = now
    const holder = await holderOf({ locks, id })
    if (holder === undefined || holder !== before) silent = 0
    else if (!late) silent++
    before = holder
    if (silent >= rounds) await takeOver(now)
    ask()
  }
  // a browser that does not say who holds the lock is asked again
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

/** Which holding has the lock, as the browser tells it: another text for every holding. */
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
