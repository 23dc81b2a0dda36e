import { untilAborted } from '../../core/abort.ts'
import { ConfigurationError, UnavailableError } from '../../core/errors.ts'
import { systemClock } from '../../core/memory.ts'
import type { Lock } from '../../core/ports.ts'
import type { DurableNamespace } from './bindings.ts'
import { askObjects } from './durable-messages.ts'

export interface DurableLockOptions {
  /** Name of the Durable Object that holds all locks. Default: one object for each lock. */
  readonly object?: string | undefined
  /** ms after which a holder that is no longer heard of loses its lock. Default 10,000. */
  readonly lease?: number | undefined
  /** ms that one may wait for its turn. Default 30,000. */
  readonly wait?: number | undefined
}

/** A lock whose turns are numbered. */
export interface DurableLock extends Lock {
  /** The number of the turn that holds `name` here: it grows with every turn. */
  fenceOf(name: string): number | undefined
  /**
   * Makes sure that the turn that holds `name` here still does; without one there is nothing to ask.
   *
   * @throws {UnavailableError} `STORE_FAILED` where it does not
   */
  confirm(name: string): Promise<void>
}

/** A turn that runs here. */
interface Turn {
  readonly ticket: string
  /** Absent while it waits. */
  fence?: number
  /** When it was last seen alive here, in ms since the epoch. */
  beat: number
}

const longestPatience = 20_000
const pause = 20

/**
 * A {@link Lock} across isolates and regions, by a Durable Object of class `ImsLock`. Its holder is given a lease that
 * is extended while the task runs, so that one who is gone holds nobody up for long.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function durableLock(namespace: DurableNamespace, options: DurableLockOptions = {}): DurableLock {
  const { object, lease = 10_000, wait = 30_000 } = options
  const ask = askObjects('durableLock', namespace)
  for (const [name, value] of Object.entries({ lease, wait }))
    if (typeof value !== 'number' || !(value > 0))
      throw new ConfigurationError('BAD_OPTION', `${name} must be a number of milliseconds above 0`)
  const turns = new Map<string, Turn>()
  const objectOf = (name: string) => object ?? name

  /** Requests that share this lock take turns here first, without a promise of another's: none may be waited for. */
  async function turnHere(name: string, until: number, signal: AbortSignal | undefined): Promise<Turn> {
    for (;;) {
      const other = turns.get(name)
      // one that was cancelled with its request does not say so
      if (other === undefined || Date.now() - other.beat > lease) break
      if (Date.now() > until) throw tooLong(wait)
      await systemClock.sleep(pause, signal)
    }
    const turn: Turn = { ticket: crypto.randomUUID(), beat: Date.now() }
    turns.set(name, turn)
    return turn
  }

  async function turnThere(
    name: string,
    { ticket }: Turn,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    for (;;) {
      // one who left gets no turn, and would ask for it without a pause
      signal?.throwIfAborted()
      const patience = Math.min(longestPatience, until - Date.now())
      if (patience <= 0) throw tooLong(wait)
      const { fence } = await ask(objectOf(name), 'acquire', { name, ticket, lease, patience })
      if (fence !== undefined) return fence
    }
  }

  const extend = (name: string, { ticket }: Turn) => ask(objectOf(name), 'extend', { name, ticket, lease })
  const release = (name: string, { ticket }: Turn) =>
    ask(objectOf(name), 'release', { name, ticket }).catch(() => undefined)

  /** Says again and again that the turn is alive. */
  function beating(name: string, turn: Turn): () => void {
    const timer = setInterval(() => {
      turn.beat = Date.now()
      if (turn.fence !== undefined) extend(name, turn).catch(() => {})
    }, lease / 3)
    return () => clearInterval(timer)
  }

  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const until = Date.now() + wait
    const turn = await turnHere(name, until, signal)
    const stop = beating(name, turn)
    try {
      turn.fence = await untilAborted(turnThere(name, turn, until, signal), signal)
      return await task({ id: turn.ticket, stillHeld: async () => (await extend(name, turn)).held })
    } finally {
      stop()
      if (turns.get(name) === turn) turns.delete(name)
      const released = release(name, turn)
      // whoever gave up waiting does not wait for that either
      if (turn.fence !== undefined) await released
    }
  }

  return Object.assign(lock, {
    fenceOf: (name: string) => turns.get(name)?.fence,
    async confirm(name: string) {
      const turn = turns.get(name)
      if (turn === undefined || (await extend(name, turn)).held) return
      const message = 'the lock was lost to another before its task ended, so nothing was written over what that wrote'
      throw new UnavailableError('STORE_FAILED', message)
    },
  })
}

function tooLong(wait: number): UnavailableError {
  return new UnavailableError('TIMEOUT', `the lock was not free within ${wait} ms; try again later`)
}
