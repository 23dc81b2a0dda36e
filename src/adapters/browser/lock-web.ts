import { processLock } from '../../core/memory.ts'
import type { Lock } from '../../core/ports.ts'

export interface WebLockOptions {
  /** ms after which a holder is taken for frozen or lost, and its lock is taken over. Default: 45,000. */
  readonly lease?: number | undefined
}

/**
 * A lock across the tabs of one browser profile. A tab that is closed lets go by itself; one that is frozen in the
 * middle loses the lock after the lease, so that no wait is endless.
 */
export function webLock({ lease = 45_000 }: WebLockOptions = {}): Lock {
  const alone = processLock()
  return async (name, task, signal) => {
    signal?.throwIfAborted()
    // absent outside a secure context
    const locks = globalThis.navigator?.locks
    if (locks === undefined) return alone(name, task, signal)
    const id = `imskit ${name}`
    const waiting = new AbortController()
    const stop = () => waiting.abort(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    const watch = watchHolder({ locks, id, lease, overdue: () => waiting.abort(overdue) })
    const arrive = () => {
      clearInterval(watch)
      signal?.removeEventListener('abort', stop)
    }
    let here = true
    const held = async () => {
      arrive()
      return { value: await task({ stillHeld: async () => here }) }
    }
    try {
      return (await locks.request(id, { signal: waiting.signal }, held)).value
    } catch (error) {
      here = false
      if (error !== overdue) throw error
      return (await locks.request(id, { steal: true }, held)).value
    } finally {
      arrive()
    }
  }
}

const overdue = /* @__PURE__ */ Symbol('the holder did not let go')

interface Watch {
  readonly locks: LockManager
  readonly id: string
  readonly lease: number
  readonly overdue: () => void
}

/** Whoever waits in a long queue must not take the lock from one who has only just got it. */
function watchHolder({ locks, id, lease, overdue }: Watch): ReturnType<typeof setInterval> {
  const holder = async () => (await locks.query()).held?.find(({ name }) => name === id)?.clientId
  let before = holder().catch(() => undefined)
  return setInterval(async () => {
    const [then, now] = [await before, await holder().catch(() => undefined)]
    if (then === now) overdue()
    before = Promise.resolve(now)
  }, lease)
}
