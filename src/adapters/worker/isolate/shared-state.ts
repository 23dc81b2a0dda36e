import type { Clock, Json, Store } from '../../../core/ports.ts'
import type { Queues } from './isolate-queue.ts'

/** What all handlers of one isolate or process with the same session secret and flow share. */
export interface SharedState {
  /** The queues of the sessions' locks. */
  readonly queues: Queues<string>
  /** Ids of holds that have ended. */
  readonly ended: Set<string>
  /** Recent values by kind and key. Only values: a promise must not serve two requests. */
  readonly values: Map<string, Map<string, Recent>>
}

interface Recent {
  readonly text: string
  /** ms since the epoch */
  readonly expiresAt: number
}

// a framework may load several copies of this module, which must not renew one session at the same time
const property = Symbol.for('imskit.worker.sessions.1')
const mostStates = 20
const mostValues = 5_000
/** Old values that a write looks at. */
const mostChecks = 10

export function newState(): SharedState {
  return { queues: new Map(), ended: new Set(), values: new Map() }
}

/** @param owner identifies the handlers that share the state, without a secret */
export function sharedState(owner: string): SharedState {
  const scope = globalThis as { [property]?: Map<string, SharedState> }
  scope[property] ??= new Map()
  const states = scope[property]
  const state = states.get(owner) ?? newState()
  if (!states.has(owner) && states.size >= mostStates)
    for (const oldest of states.keys()) if (states.delete(oldest)) break
  states.set(owner, state)
  return state
}

/** A {@link Store} in the state that `find` resolves to. If there are too many values of a kind, the oldest are removed. */
export function sharedMemory(find: () => Promise<SharedState>, clock: Pick<Clock, 'now'>): Store {
  const isAlive = ({ expiresAt }: Recent) => expiresAt > clock.now()
  const valuesFor = async (key: string) => valuesOfKind(await find(), key)
  return {
    async get(key) {
      const found = (await valuesFor(key)).get(key)
      return found !== undefined && isAlive(found) ? (JSON.parse(found.text) as Json) : undefined
    },
    async set(key, value, expiresAt = Number.POSITIVE_INFINITY) {
      const values = await valuesFor(key)
      values.delete(key)
      let checks = 0
      for (const [oldest, recent] of values) {
        if (++checks > mostChecks) break
        if (!isAlive(recent) || values.size >= mostValues) values.delete(oldest)
      }
      values.set(key, { text: JSON.stringify(value), expiresAt })
    },
    async delete(key) {
      const values = await valuesFor(key)
      values.delete(key)
    },
    keys: async () => [],
  }
}

/** The kind of a key is its first two parts. */
function valuesOfKind({ values }: SharedState, key: string): Map<string, Recent> {
  const kind = key.slice(0, key.indexOf('/', key.indexOf('/') + 1))
  const ofKind = values.get(kind) ?? new Map<string, Recent>()
  values.set(kind, ofKind)
  return ofKind
}
